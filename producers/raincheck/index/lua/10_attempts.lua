-- complete, fail: the end of an attempt; cancel: the end of a run.
--
-- Keys: those of 03_runs.lua, 09_versions.lua, 28_lineage.lua and 29_reuse.lua

local Finish = {}

local function holds_fence(call, run, step, fence)
  return Runs.state(call, run, step) == "R"
    and redis.call("HGET", Runs.step_key(call, run, step), "fence") == fence
end

local function last_fence(call, run, step)
  return redis.call("HGET", Runs.step_key(call, run, step), "last_fence")
end

-- The attempt has ended by itself: its process may run another step, so it is not killed.
local function spare(call, node, run, step)
  redis.call("HDEL", call:key("node:", node), "k:" .. run .. "/" .. step)
end

local function draining(call, node)
  return redis.call("HGET", call:key("node:", node), "drain") or "0"
end

-- The outputs that an earlier complete stored, for the caller who missed its reply.
local function stored_outputs(call, run, step)
  local record = redis.call("HGETALL", Runs.step_key(call, run, step))
  local outputs, revision = {}, "0"
  for i = 1, #record, 2 do
    local name, kind = record[i], string.sub(record[i], 1, 2)
    if kind == "o:" then
      local parts = Text.split(record[i + 1], FIELD)
      outputs[#outputs + 1] = { string.sub(name, 3), parts[1], parts[2] }
    elseif name == "published" then
      revision = record[i + 1]
    end
  end
  return { "DONE", revision, "0", "0", outputs, {} }
end

local function read_foreign(call)
  local foreign = {}
  for i = 1, call:number() do
    foreign[i] = {
      artifact = call:take(), version = call:take(), entries = Versions.read_entries(call),
    }
  end
  return foreign
end

local function check(call, items, foreign)
  local names = {}
  for _, item in ipairs(items) do
    if names[item.output] then
      return { "INVALID", "output " .. item.output .. " twice" }
    end
    names[item.output] = true
  end
  local refused, logged = Versions.check(call, items), {}
  for _, one in ipairs(foreign) do
    refused = refused
      or Versions.check_metadata(call, one.artifact, one.version, one.entries, logged)
  end
  return refused
end

local function write_outputs(call, run, step, items, foreign)
  local key, cause, outputs = Runs.step_key(call, run, step), Runs.cause(call, run), {}
  for i, item in ipairs(items) do
    local version = Versions.write(call, item, cause)
    redis.call("HSET", key, "o:" .. item.output, item.artifact .. FIELD .. version)
    outputs[i] = { item.output, item.artifact, version }
  end
  for _, one in ipairs(foreign) do
    Versions.write_metadata(call, one.artifact, one.version, one.entries, cause)
  end
  return outputs
end

-- complete(run, step, fence, node, number of items, items, number of foreign metadata,
--   per one: artifact, version, entries, what was bound as JSON or "", <artifact>:<version> of
--   what the step loaded by itself, joined by ITEM; of a run with a model the record of a model
--   version, its inline value, entries for it)
-- -> {"DONE", revision, dirty, drain, outputs {output, artifact, version}, messages}
--  | {"STALE"} | any refusal of publish or log_metadata
-- Sibling outputs share one revision.
function Finish.complete(keys, args)
  local call = Call.open(keys, args)
  local run, step, fence, node = call:take(), call:take(), call:take(), call:take()
  if not holds_fence(call, run, step, fence) then
    if Runs.state(call, run, step) == "S" and last_fence(call, run, step) == fence then
      return stored_outputs(call, run, step)
    end
    spare(call, node, run, step)
    return { "STALE" }
  end
  local items = {}
  for i = 1, call:number() do
    items[i] = Versions.read_item(call)
  end
  local foreign = read_foreign(call)
  local refused = check(call, items, foreign)
  local bound = call:take()
  local loaded = call:take()
  local sent = Models.read_sent(call, run)
  refused = refused or Models.check(call, sent, #items)
  if refused then
    return refused
  end
  local outputs = write_outputs(call, run, step, items, foreign)
  Models.join(call, run, sent, outputs)
  Finish.keep_lineage(call, run, step, bound, outputs, nil, loaded)
  local computed = Ends.release(call, run, step)
  if computed and #foreign == 0 and not (sent and sent.entries[1]) then
    -- Entries for versions of others, or of a model, would not be repeated.
    Finish.keep_outputs(call, run, step, computed, outputs)
  end
  local freed = Ends.succeed(call, run, step)
  local revision = Text.int(call:current_revision())
  redis.call("HSET", Runs.step_key(call, run, step), "published", revision)
  return { "DONE", revision, call.dirty and "1" or "0", draining(call, node), outputs, freed }
end

-- A fault of the worker's surroundings does not use up the step's own tries.
local function environment_failed(call, run, step)
  Ends.release(call, run, step)
  if Ends.note_loss(call, run, step, "the worker could not run it") then
    Ends.bury(call, run, step, "environment")
    return "failed"
  end
  Runs.set_state(call, run, step, "Q")
  Runs.hint(call, run, step, DECLINE_DELAY)
  return "retry"
end

-- fail(run, step, fence, node, kind: error|final|environment, error as raw JSON)
-- -> {"DONE", "retry" or "failed", message?} | {"STALE"}
function Finish.fail(keys, args)
  local call = Call.open(keys, args)
  local run, step, fence, node = args[1], args[2], args[3], args[4]
  local kind, problem = args[5], args[6]
  local key = Runs.step_key(call, run, step)
  if not holds_fence(call, run, step, fence) then
    -- Only the fence that failed: one that was taken away has no outcome.
    if redis.call("HGET", key, "failed_fence") == fence then
      return { "DONE", redis.call("HGET", key, "outcome") }
    end
    spare(call, node, run, step)
    return { "STALE" }
  end
  redis.call("HSET", key, "error", problem, "failed_fence", fence)
  local outcome, message = "failed", nil
  if kind == "error" then
    outcome, message = Ends.attempt_failed(call, run, step, "error")
  elseif kind == "environment" then
    outcome = environment_failed(call, run, step)
  else
    Ends.fail(call, run, step, "error")
  end
  redis.call("HSET", key, "outcome", outcome)
  return { "DONE", outcome, message }
end

-- Ends a live run in one step; its running steps are killed and their writes refused.
function Finish.cancel_run(call, run, reason)
  local steps = Runs.steps(call, run)
  local states, by_state, fields = Runs.states(call, run, steps), {}, {}
  for _, step in ipairs(steps) do
    local state = states[step]
    by_state[state] = by_state[state] or {}
    table.insert(by_state[state], step)
  end
  for _, step in ipairs(by_state.W or {}) do
    Waits.leave(call, run, step)
  end
  for _, step in ipairs(by_state.R or {}) do
    Ends.kill(call, run, step)
  end
  for _, step in ipairs(by_state.Q or {}) do
    Runs.untimer(call, "h|" .. run .. "/" .. step)
  end
  Runs.unhint(call, run, by_state.Q or {})
  for state, final in pairs({ P = "K", Q = "C", W = "C", R = "C" }) do
    for _, step in ipairs(by_state[state] or {}) do
      fields[#fields + 1] = "s:" .. step
      fields[#fields + 1] = final
    end
  end
  Batch.write("HSET", Runs.key(call, run), fields)
  redis.call("HSET", Runs.key(call, run), "left", "0")
  Ends.finish(call, run, "C", reason)
end

-- cancel(run, reason) -> {"DONE"} | {"FINAL", state} | {"UNKNOWN"}
function Finish.cancel(keys, args)
  local call = Call.open(keys, args)
  local run, reason = args[1], args[2]
  local state = Runs.get(call, run, "state")
  if not state then
    return { "UNKNOWN" }
  end
  if state ~= "live" then
    return { "FINAL", state }
  end
  Finish.cancel_run(call, run, reason)
  return { "DONE" }
end

redis.register_function("rc1_complete", Finish.complete)
redis.register_function("rc1_fail", Finish.fail)
redis.register_function("rc1_cancel", Finish.cancel)
