-- Runs and their steps: records, readiness, the end of a run.
--
-- Step states: P pending, Q queued, W waiting, R running; final: S succeeded,
-- F failed, C cancelled, K skipped. A run is live until all its steps are final.
--
-- Keys of this file
--   spec:<digest>      hash  head, steps, refs (run scope), live; per step x:<step> body,
--                            d:<step> digest of the body, n:<step> successors,
--                            u:<step> number of steps it needs, q:<step> queue,
--                            t:<step> retries, retry delay ms, timeout ms
--                            while a run uses it, then 30 days
--   run:<id>           hash  state (live or final), pipeline, spec, params, request, queue,
--                            priority, wait, submitted, ended, depth, left, failed, inline,
--                            idem, reason; per step s:<step> state, u:<step> steps still
--                            needed, h:<step> hints sent; in run scope bound (revision)
--                            and b:<reference>
--                            end + 7 days (failed or cancelled: 30)
--   step:<run>/<step>  hash  attempt, errors, lost, fence, last_fence, failed_fence, outcome,
--                            node, pid, task, started, ended, refs, bn, brev, b<i>, r<i>,
--                            m<i> (bindings), park, first_park, missing, not_before,
--                            o:<output>, published, error, reason, declined, declines
--                            from the first claim on, with the run
--   runs:live          zset  run by time of submission              while live
--   runs:done          zset  run by time of its end                 30 days
--   idem:<pipeline>:<key>  string  run, digest of the request       with the run
--   hints:<queue>      zset  <run>/<step> by the tick of the next look, until claimed
--   queues             set   queues that ever had a hint             for ever
--   timers             zset  kind|... by server ms                   until fired

local Runs = {}

local DAY = 86400000
local KEEP = { S = 7 * DAY, F = 30 * DAY, C = 30 * DAY }
local KEEP_SPEC = 30 * DAY
local TICKS_PER_SECOND = 2
-- Until a hint that was just sent may be sent again.
local GRACE = 10 * TICKS_PER_SECOND

function Runs.key(call, run)
  return call:key("run:", run)
end

function Runs.step_key(call, run, step)
  return call:key("step:", run, "/", step)
end

-- "run/step" -> run, step; a run id holds no slash.
function Runs.parse(member)
  local at = string.find(member, "/", 1, true)
  return string.sub(member, 1, at - 1), string.sub(member, at + 1)
end

function Runs.get(call, run, field)
  return redis.call("HGET", Runs.key(call, run), field)
end

function Runs.state(call, run, step)
  return Runs.get(call, run, "s:" .. step)
end

function Runs.set_state(call, run, step, state)
  redis.call("HSET", Runs.key(call, run), "s:" .. step, state)
end

function Runs.cause(call, run)
  return { run = run, depth = Runs.get(call, run, "depth") or "0" }
end

function Runs.spec(call, run, field)
  return redis.call("HGET", call:key("spec:", Runs.get(call, run, "spec")), field)
end

function Runs.queue(call, run, step)
  local queue = Runs.spec(call, run, "q:" .. step)
  return queue ~= "" and queue or Runs.get(call, run, "queue")
end

-- What a sender needs to send the hint of a step: run, pipeline, queue, priority, body.
-- Nil for an inline run: the process that submitted it takes its steps itself.
function Runs.message(call, run, step)
  local record = redis.call("HMGET", Runs.key(call, run), "pipeline", "queue", "priority",
    "spec", "inline")
  if record[5] ~= "" then
    return nil
  end
  local spec = redis.call("HMGET", call:key("spec:", record[4]), "q:" .. step, "x:" .. step)
  local queue = spec[1] ~= "" and spec[1] or record[2]
  return { run, record[1], queue, record[3], spec[2] }
end

-- The outbox row of a queued step; an inline run's steps need none.
function Runs.hint(call, run, step, after)
  if Runs.get(call, run, "inline") ~= "" then
    return
  end
  local queue = Runs.queue(call, run, step)
  redis.call("SADD", call:key("queues"), queue)
  redis.call("ZADD", call:key("hints:", queue), call:tick() + after, run .. "/" .. step)
end

function Runs.unhint(call, run, step)
  redis.call("ZREM", call:key("hints:", Runs.queue(call, run, step)), run .. "/" .. step)
  redis.call("HDEL", Runs.key(call, run), "h:" .. step)
end

function Runs.timer(call, member, at)
  redis.call("ZADD", call:key("timers"), at, member)
end

function Runs.untimer(call, member)
  redis.call("ZREM", call:key("timers"), member)
end

-- A step becomes ready: queued now, its hint to be sent by whoever gets the reply.
function Runs.ready(call, run, step)
  Runs.set_state(call, run, step, "Q")
  Runs.hint(call, run, step, GRACE)
end

-- A step becomes ready at a later time; the timer makes its hint due.
function Runs.ready_at(call, run, step, at)
  Runs.set_state(call, run, step, "Q")
  redis.call("HSET", Runs.step_key(call, run, step), "not_before", Text.int(at))
  Runs.timer(call, "h|" .. run .. "/" .. step, at)
end

function Runs.successors(call, run, step)
  return Text.split(Runs.spec(call, run, "n:" .. step), " ")
end

-- Takes a step away from the node that runs it.
function Runs.release(call, run, step)
  local key = Runs.step_key(call, run, step)
  local held = redis.call("HMGET", key, "fence", "node")
  if held[1] then
    redis.call("HDEL", call:key("node:", held[2]), "s:" .. run .. "/" .. step)
    Runs.untimer(call, "d|" .. held[1] .. "|" .. run .. "/" .. step)
    redis.call("HSET", key, "last_fence", held[1])
    redis.call("HDEL", key, "fence")
  end
end

-- As `release`, and tells the node to end the process that computes it.
function Runs.kill(call, run, step)
  local key = Runs.step_key(call, run, step)
  local held = redis.call("HMGET", key, "fence", "node", "pid")
  Runs.release(call, run, step)
  if held[1] and redis.call("EXISTS", call:key("node:", held[2])) == 1 then
    redis.call("HSET", call:key("node:", held[2]), "k:" .. run .. "/" .. step, held[3])
  end
end

local function expire_records(call, run, state, steps)
  local at = Text.int(call:now() + KEEP[state])
  redis.call("PEXPIREAT", Runs.key(call, run), at)
  for _, step in ipairs(steps) do
    redis.call("PEXPIREAT", Runs.step_key(call, run, step), at)
  end
  local record = redis.call("HMGET", Runs.key(call, run), "idem", "spec")
  if record[1] ~= "" then
    redis.call("PEXPIREAT", record[1], at)
  end
  local spec = call:key("spec:", record[2])
  if redis.call("HINCRBY", spec, "live", -1) <= 0 then
    redis.call("PEXPIREAT", spec, Text.int(call:now() + KEEP_SPEC))
  end
end

-- Forgets runs whose records are gone, a few at each end of a run.
local function trim_done(call)
  local done, before = call:key("runs:done"), Text.int(call:now() - KEEP.F)
  for _, run in ipairs(redis.call("ZRANGEBYSCORE", done, "-inf", before, "LIMIT", 0, 20)) do
    redis.call("ZREM", done, run)
  end
end

-- Closes a run all of whose steps are final.
function Runs.finish(call, run, state, reason)
  local record = redis.call("HMGET", Runs.key(call, run), "pipeline", "spec", "inline")
  redis.call("HSET", Runs.key(call, run), "state", state, "ended", Text.int(call:now()))
  if reason then
    redis.call("HSET", Runs.key(call, run), "reason", reason)
  end
  redis.call("ZREM", call:key("runs:live"), run)
  redis.call("ZADD", call:key("runs:done"), call:now(), run)
  trim_done(call)
  Runs.untimer(call, "x|" .. run)
  if record[3] ~= "" then
    redis.call("HDEL", call:key("node:", record[3]), "i:" .. run)
  end
  local names = { S = "succeeded", F = "failed", C = "cancelled" }
  call:announce("finished", Runs.cause(call, run), "w", record[1], "o", names[state])
  local steps = Text.split(redis.call("HGET", call:key("spec:", record[2]), "steps"), " ")
  expire_records(call, run, state, steps)
end

-- A step reaches a final state; the last one closes the run.
function Runs.final(call, run, step, state)
  Runs.set_state(call, run, step, state)
  redis.call("HSET", Runs.step_key(call, run, step), "ended", Text.int(call:now()))
  if state == "F" then
    redis.call("HINCRBY", Runs.key(call, run), "failed", 1)
  end
  if redis.call("HINCRBY", Runs.key(call, run), "left", -1) == 0 then
    local failed = tonumber(Runs.get(call, run, "failed"))
    Runs.finish(call, run, failed > 0 and "F" or "S")
  end
end

-- A step fails for good: all that needed it is skipped, breadth first.
function Runs.fail(call, run, step, reason)
  Runs.release(call, run, step)
  Runs.unhint(call, run, step)
  redis.call("HSET", Runs.step_key(call, run, step), "reason", reason)
  local pending, skipped, seen, at = Runs.successors(call, run, step), {}, {}, 1
  while pending[at] do
    local name = pending[at]
    at = at + 1
    if not seen[name] and Runs.state(call, run, name) == "P" then
      seen[name] = true
      skipped[#skipped + 1] = name
      for _, later in ipairs(Runs.successors(call, run, name)) do
        pending[#pending + 1] = later
      end
    end
  end
  for _, name in ipairs(skipped) do
    redis.call("HSET", Runs.step_key(call, run, name), "reason", "upstream " .. step)
    Runs.final(call, run, name, "K")
  end
  Runs.final(call, run, step, "F")
end

-- A step succeeds: counts down what its successors need; returns those now ready.
function Runs.succeed(call, run, step)
  local freed = {}
  for _, name in ipairs(Runs.successors(call, run, step)) do
    if redis.call("HINCRBY", Runs.key(call, run), "u:" .. name, -1) == 0
      and Runs.state(call, run, name) == "P" then
      Runs.ready(call, run, name)
      freed[#freed + 1] = Runs.message(call, run, name)
    end
  end
  Runs.final(call, run, step, "S")
  return freed
end

-- A step's worker died. Thrice is enough: such a step kills its workers.
local LOST_LIMIT = 3

function Runs.lost(call, run, step)
  Runs.release(call, run, step)
  local lost = redis.call("HINCRBY", Runs.step_key(call, run, step), "lost", 1)
  if lost >= LOST_LIMIT then
    Runs.fail(call, run, step, "lost")
    return nil
  end
  Runs.ready(call, run, step)
  return Runs.message(call, run, step)
end

-- One try failed: again after the delay while retries are left, else for good.
-- Returns "retry" and the message when it may be sent now, or "failed".
function Runs.attempt_failed(call, run, step, reason)
  local key = Runs.step_key(call, run, step)
  local limits = Text.split(Runs.spec(call, run, "t:" .. step), " ")
  local errors = redis.call("HINCRBY", key, "errors", 1)
  if errors > tonumber(limits[1]) then
    Runs.fail(call, run, step, reason)
    return "failed"
  end
  Runs.release(call, run, step)
  local delay = tonumber(limits[2])
  if delay > 0 then
    Runs.ready_at(call, run, step, call:now() + delay)
    return "retry"
  end
  Runs.ready(call, run, step)
  return "retry", Runs.message(call, run, step)
end
