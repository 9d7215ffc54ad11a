-- The ends of attempts, steps and runs.
--
-- Keys of this file: those of 03_runs.lua, and
--   dead  zset  <run>/<step> that was given up without an error of its own, by server ms
--               until its run is retried, or 30 days

local Ends = {}

local DAY = 86400000
local KEEP = { S = 7 * DAY, F = 30 * DAY, C = 30 * DAY }
local KEEP_SPEC = 30 * DAY

-- Takes a step away from the node that runs it; what `Ends.computed` says of an attempt that
-- computed for others as well.
function Ends.release(call, run, step)
  local key = Runs.step_key(call, run, step)
  local held = redis.call("HMGET", key, "fence", "node", "computes")
  if held[1] then
    redis.call("HDEL", call:key("node:", held[2]), "s:" .. run .. "/" .. step)
    Runs.untimer(call, "d|" .. held[1] .. "|" .. run .. "/" .. step)
    redis.call("HSET", key, "last_fence", held[1])
    redis.call("HDEL", key, "fence")
    return held[3] and Ends.computed(call, run, step, held[1], held[3])
  end
end

-- As `release`, and tells the node to end the process that computes it.
function Ends.kill(call, run, step)
  local key = Runs.step_key(call, run, step)
  local held = redis.call("HMGET", key, "fence", "node", "pid")
  Ends.release(call, run, step)
  if held[1] and redis.call("EXISTS", call:key("node:", held[2])) == 1 then
    redis.call("HSET", call:key("node:", held[2]), "k:" .. run .. "/" .. step, held[3])
  end
end

-- A run, or a subscription, needs its spec no longer.
function Ends.release_spec(call, key)
  if redis.call("HINCRBY", key, "live", -1) <= 0 then
    redis.call("PEXPIREAT", key, Text.int(call:now() + KEEP_SPEC))
  end
end

-- A lane has one more live run, after all others, also after those of the same moment: the
-- oldest is replaced first.
function Ends.enlist(call, lane, run)
  local live = call:key("live:", lane)
  local last = redis.call("ZREVRANGE", live, 0, 0, "WITHSCORES")[2]
  redis.call("ZADD", live, Text.int(math.max(call:now(), tonumber(last or 0) + 1)), run)
end

-- Whoever started the run may have waited for its end to start the next.
local function tell_lane(call, run, lane)
  redis.call("ZREM", call:key("live:", lane), run)
  if redis.call("EXISTS", call:key("pend:", lane), call:key("join:", lane),
    call:key("fill:", lane)) > 0 then
    redis.call("ZADD", call:key("dirty"), "NX", Text.int(call:current_revision()), "p|" .. lane)
    call.dirty = true
  end
end

local function expire_records(call, run, state, facts)
  local at = Text.int(call:now() + KEEP[state])
  redis.call("PEXPIREAT", Runs.key(call, run), at)
  for _, step in ipairs(Runs.steps(call, run)) do
    redis.call("PEXPIREAT", Runs.step_key(call, run, step), at)
  end
  if facts.idem ~= "" then
    redis.call("PEXPIREAT", facts.idem, at)
  end
  Ends.release_spec(call, facts.spec)
end

-- Closes a run all of whose steps are final.
function Ends.finish(call, run, state, reason)
  local facts = Runs.facts(call, run)
  redis.call("HSET", Runs.key(call, run), "state", state, "ended", Text.int(call:now()))
  if reason then
    redis.call("HSET", Runs.key(call, run), "reason", reason)
  end
  redis.call("ZREM", call:key("runs:live"), run)
  redis.call("ZADD", call:key("runs:done"), call:now(), run)
  Runs.untimer(call, "x|" .. run)
  if facts.inline ~= "" then
    redis.call("HDEL", call:key("node:", facts.inline), "i:" .. run)
  end
  local names = { S = "succeeded", F = "failed", C = "cancelled" }
  call:announce("finished", Runs.cause(call, run), "o", names[state])
  expire_records(call, run, state, facts)
  if facts.lane ~= "" then
    tell_lane(call, run, facts.lane)
  end
end

-- Steps reach a final state; the last ones close the run.
function Ends.final(call, run, steps, state, reason)
  local states, now = {}, Text.int(call:now())
  for _, step in ipairs(steps) do
    states[#states + 1] = "s:" .. step
    states[#states + 1] = state
    local key = Runs.step_key(call, run, step)
    if reason then
      redis.call("HSET", key, "ended", now, "reason", reason)
    else
      redis.call("HSET", key, "ended", now)
    end
  end
  Batch.write("HSET", Runs.key(call, run), states)
  if state == "F" then
    redis.call("HINCRBY", Runs.key(call, run), "failed", #steps)
  end
  if redis.call("HINCRBY", Runs.key(call, run), "left", -#steps) == 0 then
    local failed = tonumber(Runs.get(call, run, "failed"))
    Ends.finish(call, run, failed > 0 and "F" or "S")
  end
end

-- All that needed a step, directly or not, and is still pending; breadth first.
local function dependents(call, run, step)
  local found, seen, level = {}, {}, Runs.successors(call, run, step)
  while #level > 0 do
    local states, asked, following = Runs.states(call, run, level), {}, {}
    for _, name in ipairs(level) do
      if not seen[name] and states[name] == "P" then
        seen[name] = true
        found[#found + 1] = name
        asked[#asked + 1] = "n:" .. name
      end
    end
    for _, names in ipairs(Batch.read("HMGET", Runs.facts(call, run).spec, asked)) do
      for _, name in ipairs(Text.split(names, " ")) do
        following[#following + 1] = name
      end
    end
    level = following
  end
  return found
end

-- A step fails for good: all that needed it is skipped.
function Ends.fail(call, run, step, reason)
  Ends.release(call, run, step)
  Runs.unhint(call, run, { step })
  local skipped = dependents(call, run, step)
  if #skipped > 0 then
    Ends.final(call, run, skipped, "K", "upstream " .. step)
  end
  if Runs.facts(call, run).stops then
    Ends.stop(call, run, step)
  end
  Ends.final(call, run, { step }, "F", reason)
end

-- A step is given up that may never have had its chance: a person looks at it.
function Ends.bury(call, run, step, reason)
  redis.call("ZADD", call:key("dead"), call:now(), run .. "/" .. step)
  Ends.fail(call, run, step, reason)
end

-- A step succeeds: counts down what its successors need; returns those now ready.
function Ends.succeed(call, run, step)
  local successors, free = Runs.successors(call, run, step), {}
  local states = Runs.states(call, run, successors)
  for _, name in ipairs(successors) do
    local left = redis.call("HINCRBY", Runs.key(call, run), "u:" .. name, -1)
    if left == 0 and states[name] == "P" then
      free[#free + 1] = name
    end
  end
  local freed = #free > 0 and Runs.ready(call, run, free) or {}
  Ends.final(call, run, { step }, "S")
  return freed
end

-- A step that ended its process thrice is given up. When a whole worker falls silent its
-- machine or an operator may have ended it as well, so that counts less.
local LOST_LIMIT, SILENT_LIMIT = 3, 10

-- Counts an attempt as lost and keeps its report; whether it was the last.
function Ends.note_loss(call, run, step, why, silent)
  local key = Runs.step_key(call, run, step)
  local held = redis.call("HMGET", key, "attempt", "node", "pid")
  local lost = redis.call("HINCRBY", key, "lost", 1)
  local silences = redis.call("HINCRBY", key, "silent", silent and 1 or 0)
  redis.call("HSET", key, "l" .. Text.int(lost),
    table.concat({ Text.int(call:now()), held[1], held[2], held[3], why }, FIELD))
  return lost - silences >= LOST_LIMIT or silences >= SILENT_LIMIT
end

-- The process of an attempt is gone, or with `silent` its whole worker.
function Ends.lost(call, run, step, why, silent)
  Ends.release(call, run, step)
  if Ends.note_loss(call, run, step, why, silent) then
    Ends.bury(call, run, step, "lost")
    return nil
  end
  return Runs.ready(call, run, { step })[1]
end

-- A step goes back to the queue through no fault of its own: its worker shuts down.
function Ends.give_back(call, run, step)
  Ends.release(call, run, step)
  return Runs.ready(call, run, { step })[1]
end

-- Back-off goes so far; an author may ask for a longer delay itself.
local LONGEST_DELAY = 3600000

-- One try failed: again after the delay while retries are left, else for good.
-- Returns "retry" and the message when it may be sent now, or "failed".
function Ends.attempt_failed(call, run, step, reason)
  local key = Runs.step_key(call, run, step)
  local limits = Text.split(Runs.spec(call, run, "t:" .. step), " ")
  local errors = redis.call("HINCRBY", key, "errors", 1)
  local stopped = Runs.facts(call, run).stops and tonumber(Runs.get(call, run, "failed")) > 0
  if errors > tonumber(limits[1]) or stopped then
    Ends.fail(call, run, step, reason)
    return "failed"
  end
  Ends.release(call, run, step)
  local delay = tonumber(limits[2]) * tonumber(limits[4] or 1) ^ (errors - 1)
  if delay > 0 then
    delay = math.min(delay, math.max(LONGEST_DELAY, tonumber(limits[2])))
    Runs.ready_at(call, run, step, call:now() + math.floor(delay))
    return "retry"
  end
  return "retry", Runs.ready(call, run, { step })[1]
end
