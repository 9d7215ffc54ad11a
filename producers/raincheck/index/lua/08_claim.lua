-- claim: may this delivery run the step, and on what; decline: this worker cannot.
--
-- Keys: run:, step:, hints:, timers, nodes (see 03_runs.lua, 11_nodes.lua)

local Claim = {}

local FORGED = "the body is not the one that was submitted"
local DECLINE_LIMIT = 30
local DECLINE_DELAY = 10 * TICKS_PER_SECOND

-- The namespace of each version that is the fall-back's, "" for all others; "" when none is.
local function namespaces(values)
  local out, any = {}, false
  for i, binding in ipairs(values) do
    out[i] = binding[7] or ""
    any = any or binding[7]
  end
  return any and table.concat(out, ",") or ""
end

local function reply(call, run, fence, attempt, found)
  local out = { "BOUND", fence, attempt, Text.int(found.revision), Text.int(#found.values) }
  for _, binding in ipairs(found.values) do
    for i = 1, 6 do
      out[#out + 1] = binding[i]
    end
  end
  out[#out + 1] = Runs.get(call, run, "trigger") or "" -- at the end: older workers read over it
  out[#out + 1] = found.counts
  local model = Runs.facts(call, run).model
  out[#out + 1] = model and Models.pack(model) or ""
  out[#out + 1] = namespaces(found.values)
  return out
end

-- Whether the message may be acted on: nil, or what to answer instead.
local function refusal(call, c)
  local run = redis.call("HMGET", Runs.key(call, c.run), "state", "spec", "s:" .. c.step)
  if not run[1] then
    return { "REFUSED", "run is unknown" }
  end
  if redis.call("HGET", call:key("spec:", run[2]), "d:" .. c.step) ~= c.digest then
    call:quarantine("reason", FORGED, "run", c.run, "step", c.step)
    return { "FORGED", FORGED }
  end
  -- A claim without a living registration could never be given back.
  if not redis.call("ZSCORE", call:key("nodes"), c.node) then
    return { "NODE_UNKNOWN", c.node }
  end
  if run[3] ~= "Q" then
    return { "REFUSED", "step is " .. run[3] }
  end
  local not_before = redis.call("HGET", c.key, "not_before")
  if not_before and tonumber(not_before) > call:now() then
    return { "EARLY", not_before }
  end
  return nil
end

-- The same delivery asking again, because it did not get the reply.
local function replay(call, c)
  local held = redis.call("HMGET", c.key, "fence", "attempt")
  if held[1] and held[1] == held[2] .. ":" .. c.nonce
    and Runs.state(call, c.run, c.step) == "R" then
    return reply(call, c.run, held[1], held[2], Bindings.kept(call, c.run, c.step))
  end
  return nil
end

local function deadline(call, c, fence)
  local limits = Text.split(Runs.spec(call, c.run, "t:" .. c.step), " ")
  local timeout = tonumber(limits[3])
  if timeout > 0 then
    Runs.timer(call, "d|" .. fence .. "|" .. c.run .. "/" .. c.step, call:now() + timeout)
  end
end

local function hand_out(call, c, found)
  local attempt = Text.int(redis.call("HINCRBY", c.key, "attempt", 1))
  local fence = attempt .. ":" .. c.nonce
  redis.call("HSET", c.key, "fence", fence, "node", c.node, "pid", c.pid, "task", c.task,
    "started", Text.int(call:now()))
  redis.call("HDEL", c.key, "not_before", "missing", "error", "reason")
  redis.call("HSET", call:key("node:", c.node), "s:" .. c.run .. "/" .. c.step, c.pid)
  Runs.unhint(call, c.run, { c.step })
  Runs.set_state(call, c.run, c.step, "R")
  deadline(call, c, fence)
  return reply(call, c.run, fence, attempt, found)
end

-- claim(run, step, body digest, nonce, node, pid, task id, packed references)
-- -> {"BOUND", fence, attempt, revision, count, six values per version, trigger, for how many
--    versions each reference stands, the run's model (see 04_models.lua) or "", their
--    namespaces (see `namespaces`)}
--  | {"PARKED" or "FAILED", packed misses} | {"REFUSED", "FORGED", "NODE_UNKNOWN" or
--    "EARLY", detail}
function Claim.claim(keys, args)
  local call = Call.open(keys, args)
  local c = {
    run = call:take(), step = call:take(), digest = call:take(), nonce = call:take(),
    node = call:take(), pid = call:take(), task = call:take(), refs = call:take(),
  }
  c.key = Runs.step_key(call, c.run, c.step)
  local again = replay(call, c)
  if again then
    return again
  end
  local refused = refusal(call, c)
  if refused then
    return refused
  end
  local found = Bindings.kept(call, c.run, c.step)
  if found and found.gone then
    return { Waits.park(call, c.run, c.step, { found.gone }) }
  end
  if not found then
    local misses
    found, misses = Bindings.find(call, c.run, c.refs)
    redis.call("HSET", c.key, "refs", c.refs)
    if not found then
      return { Waits.park(call, c.run, c.step, misses) }
    end
    Bindings.keep(call, c.run, c.step, found)
  end
  return hand_out(call, c, found)
end

-- A subscription whose runs no worker knows would go on failing: so many, and it pauses.
local UNKNOWN_LIMIT = 3

local function pause_source(call, run, reason)
  local name = Text.split(Runs.facts(call, run).lane, "|")[1]
  local key = call:key("sub:", name or "")
  if redis.call("EXISTS", key) == 0 then
    return -- nothing started it, or what did is deleted
  end
  if redis.call("HINCRBY", key, "unknown", 1) >= UNKNOWN_LIMIT then
    redis.call("HSET", key, "state", "paused", "reason",
      "no worker knows the steps of " .. UNKNOWN_LIMIT .. " of its runs: " .. reason)
  end
end

-- decline(run, step, reason) -> {"LATER"} | {"FAILED"} | {"REFUSED", state}
-- The worker's code lacks the step: another worker shall have it.
function Claim.decline(keys, args)
  local call = Call.open(keys, args)
  local run, step, reason = args[1], args[2], args[3]
  if Runs.state(call, run, step) ~= "Q" then
    return { "REFUSED", Runs.state(call, run, step) or "unknown" }
  end
  local key = Runs.step_key(call, run, step)
  redis.call("HSET", key, "declined", reason)
  if redis.call("HINCRBY", key, "declines", 1) >= DECLINE_LIMIT then
    Ends.bury(call, run, step, "declined")
    pause_source(call, run, reason)
    return { "FAILED" }
  end
  Runs.hint(call, run, step, DECLINE_DELAY)
  return { "LATER" }
end

redis.register_function("rc1_claim", Claim.claim)
redis.register_function("rc1_decline", Claim.decline)
