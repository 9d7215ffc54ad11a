-- Subscriptions: which events start which pipeline.
--
-- A subscription holds a compiled pipeline, so it works while no author's process lives. It
-- has a cursor of its own in the event log. Between two of its events the cursor rests: the
-- next mark says where to go on, so a rare artifact's subscription does not read what others
-- publish, and the log may forget what does not concern it.
--
-- A lane is a queue of matches with the runs they start: `<name>` is the live one, and
-- `<name>|<n>` that of a backfill.
--
-- Keys of this file
--   subs               zset    names by server ms of their first deployment    for ever
--   lagging            set     those that lag                                  for ever
--   subs:<artifact>    zset    those that an event of the artifact concerns, all with score 0
--   sub:<name>         hash    definition (raw JSON), digest, version, gen, state (active,
--                              paused, lagged), reason, cursor, behind (there are events
--                              after it), gap_from, gap_to, artifacts, heard (those and earlier
--                              ones), created, updated, what its runs are (see `define`),
--                              unknown, fills, lacks, and n:<word> counters    until deleted
--   deployed:<name>    list    its deployments: packed version, ms, definition until deleted

local Subscriptions = {}


-- What its runs are, in the order in which `define` takes it.
Subscriptions.PLAIN = {
  "pipeline", "params", "request", "queue", "priority", "wait", "on_failure", "group", "window",
  "max", "limit", "full", "feedback", "deepest", "conditions", "requires",
}
local STATE = {
  "state", "gen", "cursor", "behind", "spec", "artifacts", "heard", "version", "digest", "fills",
}

function Subscriptions.key(call, name)
  return call:key("sub:", name)
end

-- The record, by field; nil for an unknown one.
function Subscriptions.read(call, name)
  local asked, sub = {}, { name = name }
  for _, fields in ipairs({ STATE, Subscriptions.PLAIN }) do
    for _, field in ipairs(fields) do
      asked[#asked + 1] = field
    end
  end
  local values = redis.call("HMGET", Subscriptions.key(call, name), unpack(asked))
  if not values[1] then
    return nil
  end
  for i, field in ipairs(asked) do
    sub[field] = values[i] or nil
  end
  return sub
end

-- Counts what became of matches.
function Subscriptions.count(call, name, word, by)
  redis.call("HINCRBY", Subscriptions.key(call, name), "n:" .. word, by or 1)
end

-- A lane may start runs now that it could not before.
function Subscriptions.poke(call, lane)
  redis.call("ZADD", call:key("dirty"), "NX", Text.int(call:current_revision()), "p|" .. lane)
  call.dirty = true
end

function Subscriptions.listen(call, name, artifacts)
  for _, artifact in ipairs(Text.split(artifacts, " ")) do
    redis.call("ZADD", call:key("subs:", artifact), 0, name)
    -- Those that are being marked may be past its name; what comes meanwhile is its event, too.
    if redis.call("HEXISTS", call:key("marking"), artifact) == 1 then
      redis.call("ZADD", call:key("dirty"), "NX", Text.int(call:current_revision()), "s|" .. name)
    end
  end
end

function Subscriptions.listen_no_more(call, name, artifacts)
  for _, artifact in ipairs(Text.split(artifacts, " ")) do
    redis.call("ZREM", call:key("subs:", artifact), name)
  end
end

local Change = {}

function Change.pause(call, name, sub, reason)
  if sub.state ~= "active" then
    return { "REFUSED", sub.state }
  end
  redis.call("HSET", Subscriptions.key(call, name), "state", "paused", "reason", reason)
  redis.call("ZREM", call:key("behind"), "c|" .. name)
  return { "DONE", "paused" }
end

-- A gap is skipped, or left to a backfill, only when the caller says so.
function Change.resume(call, name, sub, choice)
  local key = Subscriptions.key(call, name)
  if sub.state == "active" then
    return { "DONE", "active" }
  end
  if sub.state == "lagged" then
    if choice == "" then
      return { "REFUSED", "lagged" }
    end
    redis.call("HSET", key, "cursor", redis.call("HGET", key, "gap_to"))
    redis.call("HDEL", key, "gap_from", "gap_to")
    redis.call("SREM", call:key("lagging"), name)
  end
  redis.call("HSET", key, "state", "active")
  redis.call("HDEL", key, "reason", "unknown")
  if sub.behind then
    local from = redis.call("HGET", key, "cursor")
    redis.call("ZADD", call:key("behind"), string.match(from, "^%d+"), "c|" .. name)
  end
  Subscriptions.poke(call, name)
  return { "DONE", "active" }
end

local function forget_lane(call, lane)
  redis.call("UNLINK", call:key("pend:", lane), call:key("join:", lane), call:key("live:", lane),
    call:key("fill:", lane))
  redis.call("ZREM", call:key("dirty"), "p|" .. lane)
  redis.call("ZREM", call:key("behind"), "b|" .. lane)
  Runs.untimer(call, "s|" .. lane)
end

function Change.delete(call, name, sub)
  Subscriptions.listen_no_more(call, name, sub.artifacts)
  Ends.release_spec(call, call:key("spec:", sub.spec))
  forget_lane(call, name)
  local gens = { sub.gen }
  for n = 1, tonumber(sub.fills or 0) do
    forget_lane(call, name .. "|" .. Text.int(n))
    gens[#gens + 1] = sub.gen .. "r" .. Text.int(n)
  end
  for _, gen in ipairs(gens) do
    for _, artifact in ipairs(Text.split(sub.heard, " ")) do
      redis.call("UNLINK", call:key("matched:", name, "+", gen, ":", artifact))
    end
  end
  redis.call("DEL", Subscriptions.key(call, name), call:key("deployed:", name))
  redis.call("ZREM", call:key("subs"), name)
  redis.call("SREM", call:key("lagging"), name)
  redis.call("ZREM", call:key("dirty"), "s|" .. name)
  redis.call("ZREM", call:key("behind"), "c|" .. name)
  return { "DONE", "deleted" }
end

-- subscription(name, pause | resume | delete, detail: the reason, or how to go on after a
--   gap: "" | "skip") -> {"DONE", state} | {"REFUSED", state} | {"UNKNOWN"}
function Subscriptions.change(keys, args)
  local call = Call.open(keys, args)
  local sub = Subscriptions.read(call, args[1])
  if not sub then
    return { args[2] == "delete" and "DONE" or "UNKNOWN", "deleted" }
  end
  return Change[args[2]](call, args[1], sub, args[3])
end

redis.register_function("rc1_subscription", Subscriptions.change)
