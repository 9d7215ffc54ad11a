-- reuse: a step with `cache=` takes the outputs of the same computation instead of computing
-- again; of several that would compute the same at once, one does and the others wait.
--
-- What is the same is said by a key, which the worker makes of the step's code and of what
-- was bound. An attempt that computes stands in `computing:<key>` until it ends, however it
-- ends: every end goes through `Ends.release`. Who waits is parked under `wait:c:<key>`, holds
-- no slot and has used no attempt; a timer lets it look again, should a mark be lost.
--
-- Keys of this file
--   cached:<key>       hash    origin (<run>/<step> that computed), at (ms), o:<output>
--                              packed artifact, version, sequence
--                              until unused for the life time that its users name
--   computing:<key>    string  packed <run>/<step>, fence
--                              until that attempt ends; at most 7 days
--   wait:c:<key>       set     see 07_waits.lua                       until woken
--   step:<run>/<step>  see 03_runs.lua; computes (packed key, life time s) while its attempt
--                      computes; awaits (packed <run>/<step> that computes, key), yielded (the
--                      fence that was given up for it); cached (the origin of its outputs)

do -- what is local ends with the file: a chunk may hold 200

local LONGEST = 7 * 86400 -- seconds for which a computation is waited for
local LOOK_AGAIN = 60000 -- ms after which a waiter looks, whether it was woken or not

-- The attempt that computes a key: its run and step, and what stands in `computing:`. Nil when
-- none does, also when one stands there that has ended, as after a rollback.
local function computing(call, computation)
  local stands = redis.call("GET", call:key("computing:", computation))
  if not stands then
    return nil
  end
  local parts = Text.split(stands, FIELD)
  local run, step = Runs.parse(parts[1])
  if holds_fence(call, run, step, parts[2]) then
    return parts[1], stands
  end
  return nil
end

-- The kept outputs of a key and the step run that made them; nil when there are none, or one
-- of the versions is no longer there.
local function kept(call, computation)
  local key = call:key("cached:", computation)
  local record, outputs, origin = redis.call("HGETALL", key), {}, nil
  for i = 1, #record, 2 do
    local name, value = record[i], record[i + 1]
    if name == "origin" then
      origin = value
    elseif string.sub(name, 1, 2) == "o:" then
      local parts = Text.split(value, FIELD)
      if redis.call("HGET", call:key("ver:", parts[1], ":", parts[2]), "seq") ~= parts[3] then
        return nil
      end
      outputs[#outputs + 1] = { string.sub(name, 3), parts[1], parts[2] }
    end
  end
  return origin, outputs
end

-- Parks a step until the attempt that computes the same has ended.
local function park(call, run, step, computation, holder)
  local watch = "c:" .. computation
  redis.call("SADD", call:key("wait:", watch), run .. "/" .. step)
  redis.call("HSET", Runs.step_key(call, run, step), "park", watch,
    "awaits", holder .. FIELD .. computation)
  Runs.set_state(call, run, step, "W")
  Runs.timer(call, "w|" .. run .. "/" .. step, call:now() + LOOK_AGAIN)
  redis.call("ZADD", call:key("waiting"), call:now(), run .. "/" .. step)
end

-- The attempt gives its step up to wait, as if it had not begun.
local function yield(call, c, holder)
  Ends.release(call, c.run, c.step)
  if redis.call("HINCRBY", c.key, "attempt", -1) == 0 then
    redis.call("HDEL", c.key, "attempt", "started", "node", "pid", "task")
  end
  redis.call("HSET", c.key, "yielded", c.fence)
  redis.call("HSETNX", c.key, "first_park", Text.int(call:now()))
  park(call, c.run, c.step, c.computation, holder)
  return { "WAIT", holder }
end

-- Looks again for a step that waits for a computation: its message when it may go on.
function Waits.look_for_outputs(call, run, step)
  local key = Runs.step_key(call, run, step)
  local computation = Text.split(redis.call("HGET", key, "awaits"), FIELD)[2]
  local holder = computing(call, computation)
  if holder then
    park(call, run, step, computation, holder)
    return nil
  end
  redis.call("HDEL", key, "park", "awaits")
  return Runs.ready(call, run, { step })[1]
end

-- An attempt that computes has ended: who waits for it looks again. Returns the key and its
-- life time while the attempt may keep what it made, which is not so when another took over.
function Ends.computed(call, run, step, fence, computes)
  local parts = Text.split(computes, FIELD)
  local key, watch = call:key("computing:", parts[1]), "c:" .. parts[1]
  redis.call("HDEL", Runs.step_key(call, run, step), "computes")
  local stands = redis.call("GET", key)
  if stands and stands ~= run .. "/" .. step .. FIELD .. fence then
    return nil
  end
  redis.call("DEL", key)
  if redis.call("EXISTS", call:key("wait:", watch)) == 1 then
    redis.call("ZADD", call:key("dirty"), Text.int(call:current_revision()), "f|" .. watch)
    call.dirty = true
  end
  return parts
end

-- Keeps the outputs of a completed computation for the next.
function Finish.keep_outputs(call, run, step, computed, outputs)
  local key = call:key("cached:", computed[1])
  local fields = { "origin", run .. "/" .. step, "at", Text.int(call:now()) }
  for _, output in ipairs(outputs) do
    local version = call:key("ver:", output[2], ":", output[3])
    fields[#fields + 1] = "o:" .. output[1]
    fields[#fields + 1] = output[2] .. FIELD .. output[3] .. FIELD
      .. redis.call("HGET", version, "seq")
  end
  redis.call("DEL", key)
  Batch.write("HSET", key, fields)
  redis.call("EXPIRE", key, computed[2])
end

-- The step succeeds with outputs that are there already: nothing is published.
local function take(call, c, origin, outputs)
  for _, output in ipairs(outputs) do
    redis.call("HSET", c.key, "o:" .. output[1], output[2] .. FIELD .. output[3])
  end
  redis.call("HSET", c.key, "cached", origin)
  redis.call("EXPIRE", call:key("cached:", c.computation), c.seconds)
  Models.join(call, c.run, c.sent, outputs)
  Finish.keep_lineage(call, c.run, c.step, c.bound, outputs, origin)
  Ends.release(call, c.run, c.step)
  local freed = Ends.succeed(call, c.run, c.step)
  local revision = Text.int(call:current_revision())
  redis.call("HSET", c.key, "published", revision)
  local dirty = call.dirty and "1" or "0"
  return { "HIT", revision, dirty, draining(call, c.node), outputs, freed, origin }
end

-- The same attempt asking again because it did not get the reply, or one that has lost its step.
local function late(call, c)
  local v = redis.call("HMGET", c.key, "last_fence", "cached", "yielded", "awaits")
  if v[3] == c.fence then
    return { "WAIT", Text.split(v[4], FIELD)[1] or "" }
  end
  if v[2] and v[1] == c.fence and Runs.state(call, c.run, c.step) == "S" then
    local reply = stored_outputs(call, c.run, c.step)
    reply[1], reply[7] = "HIT", v[2]
    return reply
  end
  spare(call, c.node, c.run, c.step)
  return { "STALE" }
end

-- reuse(run, step, fence, node, key, life time s, what was bound as JSON; of a run with a model
--   what `complete` is sent of it)
-- -> {"HIT", revision, dirty, drain, outputs {output, artifact, version}, messages, origin}
--  | {"COMPUTE"} | {"WAIT", <run>/<step> that computes, or ""} | {"STALE"}
--  | any refusal of publish, of the version of a model
function Finish.reuse(keys, args)
  local call = Call.open(keys, args)
  local c = {
    run = call:take(), step = call:take(), fence = call:take(), node = call:take(),
    computation = call:take(), seconds = call:take(), bound = call:take(),
  }
  c.sent = Models.read_sent(call, c.run)
  c.key = Runs.step_key(call, c.run, c.step)
  if not holds_fence(call, c.run, c.step, c.fence) then
    return late(call, c)
  end
  local origin, outputs = kept(call, c.computation)
  if origin then
    return Models.check(call, c.sent, #outputs) or take(call, c, origin, outputs)
  end
  local mine = c.run .. "/" .. c.step .. FIELD .. c.fence
  local holder, stands = computing(call, c.computation)
  if holder and stands ~= mine then
    return yield(call, c, holder)
  end
  redis.call("SET", call:key("computing:", c.computation), mine, "EX", LONGEST)
  redis.call("HSET", c.key, "computes", c.computation .. FIELD .. c.seconds)
  return { "COMPUTE" }
end

redis.register_function("rc1_reuse", Finish.reuse)

end
