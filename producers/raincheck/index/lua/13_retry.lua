-- retry: the steps of an ended run that did not succeed run again.
--
-- What succeeded keeps its outputs, and attempts go on counting, so that no earlier fence
-- fits. How often a run was retried is its natural key: who repeats a call because the
-- reply was lost names the same count.
--
-- Keys: see 03_runs.lua

local Retry = {}
do -- what is local ends with the file: a chunk may hold 200

local FORGOTTEN = { "errors", "lost", "silent", "error", "reason", "ended", "missing",
  "first_park", "awaits", "declined", "declines", "not_before" }

local function forget_losses(key)
  for i = 1, tonumber(redis.call("HGET", key, "lost") or 0) do
    redis.call("HDEL", key, "l" .. i)
  end
end

local function forget_bindings(key)
  local count = tonumber(redis.call("HGET", key, "bn") or 0)
  redis.call("HDEL", key, "bn", "brev", "bc")
  for i = 1, count do
    redis.call("HDEL", key, "b" .. i, "r" .. i, "m" .. i)
  end
end

local function forget_run_bindings(call, run)
  local key = Runs.key(call, run)
  redis.call("HDEL", key, "bound")
  for _, ref in ipairs(References.unpack(Runs.spec(call, run, "refs"))) do
    local versions = redis.call("HGET", key, "n:" .. ref.item)
    for _, version in ipairs(Text.split(versions, ITEM)) do
      redis.call("HDEL", key, "b:" .. ref.item .. version)
    end
    redis.call("HDEL", key, "b:" .. ref.item, "n:" .. ref.item)
  end
end

-- The steps that did not succeed, those of them that need nothing more, and whether any
-- did succeed.
local function divide(call, run)
  local steps = Runs.steps(call, run)
  local states, asked = Runs.states(call, run, steps), {}
  local again, ready = {}, {}
  for _, step in ipairs(steps) do
    if states[step] ~= "S" then
      again[#again + 1] = step
      asked[#asked + 1] = "u:" .. step
    end
  end
  for i, left in ipairs(Batch.read("HMGET", Runs.key(call, run), asked)) do
    if left == "0" then
      ready[#ready + 1] = again[i]
    end
  end
  return again, ready, #again < #steps
end

local function revive_records(call, run)
  local facts = Runs.facts(call, run)
  redis.call("PERSIST", Runs.key(call, run))
  for _, step in ipairs(Runs.steps(call, run)) do
    redis.call("PERSIST", Runs.step_key(call, run, step))
  end
  if facts.idem ~= "" then
    redis.call("PERSIST", facts.idem)
  end
  redis.call("HINCRBY", facts.spec, "live", 1)
  redis.call("PERSIST", facts.spec)
end

local function revive(call, run, again, rebind)
  local pending = {}
  for _, step in ipairs(again) do
    local key = Runs.step_key(call, run, step)
    forget_losses(key)
    redis.call("HDEL", key, unpack(FORGOTTEN))
    redis.call("ZREM", call:key("dead"), run .. "/" .. step)
    if rebind then
      forget_bindings(key)
    end
    pending[#pending + 1] = "s:" .. step
    pending[#pending + 1] = "P"
  end
  if rebind then
    forget_run_bindings(call, run)
  end
  Batch.write("HSET", Runs.key(call, run), pending)
  revive_records(call, run)
end

-- A run that ran inline goes through the queue now: the process that it had is gone.
local function take_from_inline(call, run, wait)
  local facts = Runs.facts(call, run)
  if facts.inline ~= "" then
    redis.call("HSET", Runs.key(call, run), "inline", "", "wait", wait)
    facts.inline, facts.wait = "", wait
  end
end

-- What a caller is told who missed the reply: as much as is left, and what is ready.
local function replay(call, run)
  local out, steps = { "DONE", Runs.get(call, run, "left") }, Runs.steps(call, run)
  local states = Runs.states(call, run, steps)
  for _, step in ipairs(steps) do
    if states[step] == "Q" then
      out[#out + 1] = Runs.message(call, run, step)
    end
  end
  return out
end

local function refusal(call, r, state, retries)
  if not state then
    return { "UNKNOWN" }
  end
  if retries == r.earlier + 1 then
    return replay(call, r.run)
  end
  if state == "live" or state == "S" or retries ~= r.earlier then
    return { "REFUSED", state }
  end
  return nil
end

-- retry(run, number of earlier retries, "1" to resolve its references again, wait ms for
--   a run that was inline)
-- -> {"DONE", number of steps that run again, messages...} | {"UNKNOWN"}
--  | {"REFUSED", state} | {"BOUND_WHOLE"}
function Retry.retry(keys, args)
  local call = Call.open(keys, args)
  local r = {
    run = call:take(), earlier = call:number(), rebind = call:take() == "1", wait = call:take(),
  }
  local key = Runs.key(call, r.run)
  local run = redis.call("HMGET", key, "state", "retries", "bound")
  local refused = refusal(call, r, run[1], tonumber(run[2] or 0))
  if refused then
    return refused
  end
  local again, ready, some_succeeded = divide(call, r.run)
  if r.rebind and run[3] and some_succeeded then
    return { "BOUND_WHOLE" }
  end
  local retries = Text.int(r.earlier + 1)
  take_from_inline(call, r.run, r.wait)
  revive(call, r.run, again, r.rebind)
  redis.call("HSET", key, "state", "live", "left", Text.int(#again), "failed", "0",
    "retries", retries)
  Runs.facts(call, r.run).retries = retries
  redis.call("HDEL", key, "ended", "reason")
  redis.call("ZREM", call:key("runs:done"), r.run)
  redis.call("ZADD", call:key("runs:live"), Runs.get(call, r.run, "submitted"), r.run)
  local lane = Runs.facts(call, r.run).lane
  -- One whose subscription was deleted, perhaps deployed anew since, takes no room of it.
  local submitted = tonumber(Runs.get(call, r.run, "submitted"))
  local created = redis.call("HGET", call:key("sub:", Text.split(lane, "|")[1] or ""), "created")
  if created and submitted >= tonumber(created) then
    Ends.enlist(call, lane, r.run)
  end
  return { "DONE", Text.int(#again), unpack(Runs.ready(call, r.run, ready)) }
end

redis.register_function("rc1_retry", Retry.retry)

end
