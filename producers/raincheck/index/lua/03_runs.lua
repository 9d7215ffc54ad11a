-- Runs and their steps: records, the outbox of hints, readiness.
--
-- Step states: P pending, Q queued, W waiting, R running; final: S succeeded,
-- F failed, C cancelled, K skipped. A run is live until all its steps are final.
--
-- Keys of this file
--   spec:<digest>      hash  head, steps, needs (how many others each of them needs),
--                            refs (run scope), live, model (of its runs); per step x:<step> body,
--                            d:<step> digest of the body, n:<step> successors,
--                            q:<step> queue, t:<step> retries, retry delay ms,
--                            timeout ms, factor of the delay
--                            while a run or a subscription uses it, then 30 days
--   run:<id>           hash  state (live or final), pipeline, spec, params, request, queue,
--                            priority, wait, on_failure, submitted, ended, depth, left, failed,
--                            inline, idem, reason, retries, trace (the caller's trace context);
--                            per step s:<step> state, u:<step> steps still needed,
--                            h:<step> hints sent; in run scope bound (revision)
--                            b:<reference> and n:<reference> (the versions of a list);
--                            of a run that events started lane (who
--                            started it), trigger (packed events), triggers (how many),
--                            quiet; of a fork fork (JSON: of which run, and how), trigger;
--                            model (see 04_models.lua)
--                            end + 7 days (failed or cancelled: 30)
--   step:<run>/<step>  hash  attempt, errors, lost, silent (of those), fence, last_fence,
--                            failed_fence, outcome, node, pid, task, started, ended, refs,
--                            bn, brev, bc, b<i>, r<i>, m<i> (bindings), park, first_park,
--                            missing, not_before, o:<output>, published, error, reason,
--                            declined, declines,
--                            l1.. one per lost attempt: packed ms, attempt, node, pid, why
--                            from the first claim on, with the run
--   runs:live          zset  run by time of submission              while live
--   runs:done          zset  run by time of its end                 30 days
--   idem:<pipeline>:<key>  string  run, digest of the request       with the run
--   hints:<queue>      zset  <run>/<step> by the tick of the next look, until claimed
--   queued:<queue>     zset  the same <run>/<step> by the server ms of their becoming ready
--   queues             set   queues that ever had a hint             for ever
--   timers             zset  kind|... by server ms                   until fired

local Runs = {}

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

-- What never changes about a run, read once per call; nil for an unknown run.
function Runs.facts(call, run)
  local facts = call.facts[run]
  if not facts then
    local v = redis.call("HMGET", Runs.key(call, run), "pipeline", "spec", "queue", "priority",
      "inline", "depth", "wait", "idem", "retries", "trace", "on_failure", "lane", "quiet", "model")
    if not v[1] then
      return nil
    end
    facts = {
      pipeline = v[1], spec = call:key("spec:", v[2]), queue = v[3], priority = v[4],
      inline = v[5], depth = v[6], wait = v[7], idem = v[8], retries = v[9] or "0",
      trace = v[10], stops = v[11] == "stop", lane = v[12] or "", quiet = v[13] == "1",
      model = v[14] and Runs.model(v[14]),
    }
    call.facts[run] = facts
  end
  return facts
end

function Runs.spec(call, run, field)
  return redis.call("HGET", Runs.facts(call, run).spec, field)
end

function Runs.steps(call, run)
  return Text.split(Runs.spec(call, run, "steps"), " ")
end

function Runs.successors(call, run, step)
  return Text.split(Runs.spec(call, run, "n:" .. step), " ")
end

function Runs.state(call, run, step)
  return Runs.get(call, run, "s:" .. step)
end

-- The states of many steps, by name.
function Runs.states(call, run, steps)
  local names, states = {}, {}
  for i, step in ipairs(steps) do
    names[i] = "s:" .. step
  end
  for i, state in ipairs(Batch.read("HMGET", Runs.key(call, run), names)) do
    states[steps[i]] = state
  end
  return states
end

function Runs.set_state(call, run, step, state)
  redis.call("HSET", Runs.key(call, run), "s:" .. step, state)
end

function Runs.cause(call, run)
  local facts = Runs.facts(call, run)
  return { run = run, depth = facts.depth, pipeline = facts.pipeline, quiet = facts.quiet }
end

-- What a sender needs to send the hint of a step: run, pipeline, queue, priority, body,
-- how often the run was retried, trace.
-- Nil for an inline run: the process that submitted it takes its steps itself.
function Runs.message(call, run, step)
  local facts = Runs.facts(call, run)
  if facts.inline ~= "" then
    return nil
  end
  local own = redis.call("HMGET", facts.spec, "q:" .. step, "x:" .. step)
  local queue = own[1] ~= "" and own[1] or facts.queue
  return { run, facts.pipeline, queue, facts.priority, own[2], facts.retries, facts.trace }
end

-- Outbox rows: steps by the tick at which to look for their hint again.
local function write_hints(call, queue, members, after)
  local rows, since = {}, {}
  local tick, now = Text.int(call:tick() + after), Text.int(call:now())
  for _, member in ipairs(members) do
    rows[#rows + 1], since[#since + 1] = tick, now
    rows[#rows + 1], since[#since + 1] = member, member
  end
  Batch.write("ZADD", call:key("hints:", queue), rows)
  Batch.write("ZADD", call:key("queued:", queue), since)
  if not call.queues[queue] then
    call.queues[queue] = true
    redis.call("SADD", call:key("queues"), queue)
  end
end

-- The outbox row of a queued step; an inline run's steps need none.
function Runs.hint(call, run, step, after)
  local facts = Runs.facts(call, run)
  if facts.inline == "" then
    local own = Runs.spec(call, run, "q:" .. step)
    write_hints(call, own ~= "" and own or facts.queue, { run .. "/" .. step }, after)
  end
end

-- Takes steps out of the outbox.
function Runs.unhint(call, run, steps)
  local facts, asked, sent, rows = Runs.facts(call, run), {}, {}, {}
  if facts.inline ~= "" then
    return
  end
  for i, step in ipairs(steps) do
    asked[i] = "q:" .. step
    sent[i] = "h:" .. step
  end
  for i, own in ipairs(Batch.read("HMGET", facts.spec, asked)) do
    local queue = own ~= "" and own or facts.queue
    rows[queue] = rows[queue] or {}
    table.insert(rows[queue], run .. "/" .. steps[i])
  end
  for queue, members in pairs(rows) do
    Batch.write("ZREM", call:key("hints:", queue), members)
    Batch.write("ZREM", call:key("queued:", queue), members)
  end
  Batch.write("HDEL", Runs.key(call, run), sent)
end

function Runs.timer(call, member, at)
  redis.call("ZADD", call:key("timers"), at, member)
end

function Runs.untimer(call, member)
  redis.call("ZREM", call:key("timers"), member)
end

-- Steps of one run become ready: queued now, their hints to be sent by whoever gets the
-- reply. Returns their messages, none for an inline run.
function Runs.ready(call, run, steps)
  local facts, states, asked, messages, rows = Runs.facts(call, run), {}, {}, {}, {}
  for _, step in ipairs(steps) do
    states[#states + 1] = "s:" .. step
    states[#states + 1] = "Q"
    asked[#asked + 1] = "q:" .. step
    asked[#asked + 1] = "x:" .. step
  end
  Batch.write("HSET", Runs.key(call, run), states)
  if facts.inline ~= "" then
    return messages
  end
  local own = Batch.read("HMGET", facts.spec, asked)
  for i, step in ipairs(steps) do
    local queue = own[2 * i - 1] ~= "" and own[2 * i - 1] or facts.queue
    messages[i] = {
      run, facts.pipeline, queue, facts.priority, own[2 * i], facts.retries, facts.trace,
    }
    rows[queue] = rows[queue] or {}
    table.insert(rows[queue], run .. "/" .. step)
  end
  for queue, members in pairs(rows) do
    write_hints(call, queue, members, GRACE)
  end
  return messages
end

-- A step becomes ready at a later time; the timer makes its hint due.
function Runs.ready_at(call, run, step, at)
  Runs.set_state(call, run, step, "Q")
  redis.call("HSET", Runs.step_key(call, run, step), "not_before", Text.int(at))
  Runs.timer(call, "h|" .. run .. "/" .. step, at)
end
