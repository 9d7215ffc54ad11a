-- define: deploys a subscription, the first time or changed.
--
-- Keys: see 18_subscriptions.lua

local Define = {}
do -- what is local ends with the file: a chunk may hold 200

local DEPLOYMENTS_KEPT = 50
-- Subscriptions to one artifact.
local SUBSCRIBERS_LIMIT = 10000

local function too_many(call, name, artifacts)
  for _, artifact in ipairs(Text.split(artifacts, " ")) do
    local key = call:key("subs:", artifact)
    if redis.call("ZCARD", key) >= SUBSCRIBERS_LIMIT and not redis.call("ZSCORE", key, name) then
      return { "INVALID", "10,000 subscriptions to artifact " .. artifact .. " already" }
    end
  end
  return nil
end

local function read_definition(call)
  local d = { plain = {} }
  d.expected, d.definition, d.digest = call:take(), call:take(), call:take()
  d.artifacts = call:take()
  for _, field in ipairs(Subscriptions.PLAIN) do
    d.plain[#d.plain + 1] = field
    d.plain[#d.plain + 1] = call:take()
  end
  d.spec, d.head, d.refs, d.steps = call:take(), call:take(), call:take(),
    Submit.read_steps(call)
  d.model = call:take()
  return d
end

-- The artifacts that it listens to, and those that it listened to before.
local function heard(old, artifacts)
  local all, seen = {}, {}
  for _, text in ipairs({ old and old.heard or "", artifacts }) do
    for _, artifact in ipairs(Text.split(text, " ")) do
      if not seen[artifact] then
        seen[artifact] = true
        all[#all + 1] = artifact
      end
    end
  end
  return table.concat(all, " ")
end

local function create(call, name)
  local now = Text.int(call:now())
  -- From now on: what came before is for a backfill.
  redis.call("HSET", Subscriptions.key(call, name), "state", "active", "gen", "1", "created", now,
    "cursor", Text.int(call:current_revision()) .. "-9999999")
  redis.call("ZADD", call:key("subs"), now, name)
end

-- With other parts, what waits may belong elsewhere.
local function sort_lanes(call, name, old)
  local sub = Subscriptions.read(call, name)
  if not old or old.conditions == sub.conditions then
    return
  end
  local conditions, slots = Conditions.unpack(sub.conditions)
  for n = 0, tonumber(sub.fills or 0) do
    local lane = n == 0 and Matches.lane(sub) or Backfill.lane(call, name .. "|" .. Text.int(n))
    if lane then
      Matches.sort_anew(call, lane, conditions, slots)
    end
  end
end

-- define(name, version that it has now or "0", definition, its digest, artifacts, what its
--   runs are (`Subscriptions.PLAIN`), spec digest, head, references (run scope), number of steps,
--   steps and model as in `submit`)
-- -> {"NEW" | "CHANGED" | "SAME", version} | {"MOVED", version} | {"INVALID", why}
-- A changed definition goes on at the same cursor, so that nothing is lost or comes twice.
function Define.define(keys, args)
  local call = Call.open(keys, args)
  local name = call:take()
  local key, d, old = Subscriptions.key(call, name), read_definition(call),
    Subscriptions.read(call, name)
  if old and old.digest == d.digest then
    return { "SAME", old.version }
  end
  if (old and old.version or "0") ~= d.expected then
    return { "MOVED", old and old.version or "0" }
  end
  local refused = not d.steps and { "INVALID", Submit.STEPS } or too_many(call, name, d.artifacts)
  if refused then
    return refused
  end
  Submit.hold_spec(call, d.spec, d.head, d.refs, d.steps, d.model)
  if old then
    Ends.release_spec(call, call:key("spec:", old.spec))
    Subscriptions.listen_no_more(call, name, old.artifacts)
  else
    create(call, name)
  end
  Subscriptions.listen(call, name, d.artifacts)
  local version, now = Text.int(tonumber(d.expected) + 1), Text.int(call:now())
  redis.call("HSET", key, "definition", d.definition, "digest", d.digest, "version", version,
    "spec", d.spec, "artifacts", d.artifacts, "updated", now,
    "heard", heard(old, d.artifacts), unpack(d.plain))
  redis.call("HDEL", key, "unknown", "lacks")
  sort_lanes(call, name, old)
  redis.call("RPUSH", call:key("deployed:", name), version .. FIELD .. now .. FIELD .. d.definition)
  redis.call("LTRIM", call:key("deployed:", name), -DEPLOYMENTS_KEPT, -1)
  Subscriptions.poke(call, name)
  return { old and "CHANGED" or "NEW", version }
end

redis.register_function("rc1_define", Define.define)

end
