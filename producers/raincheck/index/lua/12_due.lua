-- due: what time brings, and hints that must be sent again.
--
-- A hint may be lost. Its row in `hints:<queue>` is a lease on the send: it stays until
-- the step is claimed, and each send moves it further into the future.
--
-- Keys: timers, hints:<queue>, queues; see 03_runs.lua

local Due = {}

local TIMERS_PER_CALL = 100
local HINTS_PER_QUEUE = 200
local BACK_OFF = { 10, 30, 90, 270, 600 } -- seconds until a sent hint is looked at again
local OVERDUE = 600 * TICKS_PER_SECOND -- sent even though the queue is long

local OnTimer = {}

-- A delayed start or a retry is due: its hint is sent now.
function OnTimer.h(call, rest)
  local run, step = Runs.parse(rest)
  if Runs.state(call, run, step) ~= "Q" then
    return nil
  end
  Runs.hint(call, run, step, GRACE)
  return Runs.message(call, run, step)
end

-- A wait has ended. Looked at once more: a publication in the same moment wins.
function OnTimer.w(call, rest)
  local run, step = Runs.parse(rest)
  if Runs.state(call, run, step) == "W" then
    Waits.leave(call, run, step)
    return Waits.look(call, run, step)
  end
  return nil
end

-- A step overran its time.
function OnTimer.d(call, rest)
  local at = string.find(rest, "|", 1, true)
  local fence, member = string.sub(rest, 1, at - 1), string.sub(rest, at + 1)
  local run, step = Runs.parse(member)
  local held = redis.call("HGET", Runs.step_key(call, run, step), "fence")
  if held ~= fence or Runs.state(call, run, step) ~= "R" then
    return nil
  end
  Ends.kill(call, run, step)
  local _, message = Ends.attempt_failed(call, run, step, "timeout")
  return message
end

-- The window of a group is over.
function OnTimer.s(call, lane)
  redis.call("ZADD", call:key("dirty"), "NX", Text.int(call:current_revision()), "p|" .. lane)
end

-- A run expired before it began; between two tries of a step it has begun.
function OnTimer.x(call, run)
  if Runs.get(call, run, "state") ~= "live" then
    return
  end
  for _, step in ipairs(Runs.steps(call, run)) do
    local state = Runs.state(call, run, step)
    if (state ~= "Q" and state ~= "W" and state ~= "P")
      or redis.call("HEXISTS", Runs.step_key(call, run, step), "attempt") == 1 then
      return
    end
  end
  Finish.cancel_run(call, run, "expired before it started")
end

-- Milliseconds until the next timer, at most a minute; -1 without one.
local function next_timer(call)
  local first = redis.call("ZRANGE", call:key("timers"), 0, 0, "WITHSCORES")
  if not first[1] then
    return -1
  end
  return math.max(0, math.min(60000, tonumber(first[2]) - call:now()))
end

local function resend(call, queue, room, out)
  local key, tick = call:key("hints:", queue), call:tick()
  local latest = room and tick or tick - OVERDUE
  local rows = redis.call("ZRANGEBYSCORE", key, "-inf", latest, "LIMIT", 0, HINTS_PER_QUEUE)
  for _, member in ipairs(rows) do
    local run, step = Runs.parse(member)
    if Runs.state(call, run, step) == "Q" then
      local sent = redis.call("HINCRBY", Runs.key(call, run), "h:" .. step, 1)
      local pause = BACK_OFF[math.min(sent, #BACK_OFF)]
      redis.call("ZADD", key, tick + pause * TICKS_PER_SECOND, member)
      out[#out + 1] = Runs.message(call, run, step)
      redis.call("HINCRBY", call:key("index"), "resent", 1)
    else
      redis.call("ZREM", key, member)
      redis.call("ZREM", call:key("queued:", queue), member)
    end
  end
end

-- due(per queue that has room for more: its name) -> {ms until the next timer, messages...}
function Due.due(keys, args)
  local call = Call.open(keys, args)
  local timers, out = call:key("timers"), { "" }
  local members = redis.call("ZRANGEBYSCORE", timers, "-inf", Text.int(call:now()),
    "LIMIT", 0, TIMERS_PER_CALL)
  for _, member in ipairs(members) do
    redis.call("ZREM", timers, member)
    out[#out + 1] = OnTimer[string.sub(member, 1, 1)](call, string.sub(member, 3))
  end
  local room = {}
  for _, queue in ipairs(args) do
    room[queue] = true
  end
  for _, queue in ipairs(redis.call("SMEMBERS", call:key("queues"))) do
    resend(call, queue, room[queue], out)
  end
  Waits.watch_fallback(call)
  out[1] = Text.int(next_timer(call))
  return out
end

redis.register_function("rc1_due", Due.due)
