-- Nodes: worker process groups, their heartbeat, and what becomes of their steps.
--
-- Time here is the tick, a counter that any worker advances when it has seen it stand
-- still for a while by its own monotonic clock. No clocks are compared, there is no
-- leader, and a frozen server makes no ticks.
--
-- Keys of this file
--   nodes      zset  node by the tick of its last beat         until reaped
--   node:<id>  hash  lease (ticks), drain, s:<run>/<step> pid of the process that runs it,
--                    k:<run>/<step> pid to kill, i:<run> run inline in this process
--                    until reaped or left

local Nodes = {}

local function fence_of(call, member)
  local run, step = Runs.parse(member)
  return redis.call("HGET", Runs.step_key(call, run, step), "fence") or ""
end

local function entries(call, node)
  local running, kill, inline = {}, {}, {}
  local record = redis.call("HGETALL", call:key("node:", node))
  for i = 1, #record, 2 do
    local kind, rest = string.sub(record[i], 1, 2), string.sub(record[i], 3)
    if kind == "s:" then
      running[#running + 1] = { rest, record[i + 1], fence_of(call, rest) }
    elseif kind == "k:" then
      kill[#kill + 1] = { rest, record[i + 1] }
    elseif kind == "i:" then
      inline[#inline + 1] = rest
    end
  end
  return running, kill, inline
end

-- beat(node, lease ticks, "1" to register, "1" when draining)
-- -> {"OK", tick, revision, running {step, pid, fence}, kill {step, pid}}
--  | {"UNKNOWN", tick, revision}
function Nodes.beat(keys, args)
  local call = Call.open(keys, args)
  local node, nodes, tick = args[1], call:key("nodes"), call:tick()
  if args[3] ~= "1" and not redis.call("ZSCORE", nodes, node) then
    return { "UNKNOWN", Text.int(tick), Text.int(call:current_revision()) }
  end
  redis.call("ZADD", nodes, tick, node)
  redis.call("HSET", call:key("node:", node), "lease", args[2], "drain", args[4])
  local running, kill = entries(call, node)
  return { "OK", Text.int(tick), Text.int(call:current_revision()), running, kill }
end

-- tick(expected) -> tick; raised by one when it still is `expected`.
function Nodes.tick(keys, args)
  local call = Call.open(keys, args)
  if call:tick() == tonumber(args[1]) then
    call.ticks = redis.call("HINCRBY", call:key("index"), "tick", 1)
  end
  return Text.int(call:tick())
end

-- lost(node, pid, how the process ended) -> messages
-- The process is gone; its steps are queued again.
function Nodes.lost(keys, args)
  local call = Call.open(keys, args)
  local out = {}
  local running, kill = entries(call, args[1])
  for _, entry in ipairs(kill) do
    if entry[2] == args[2] then
      redis.call("HDEL", call:key("node:", args[1]), "k:" .. entry[1])
    end
  end
  for _, entry in ipairs(running) do
    if entry[2] == args[2] then
      local run, step = Runs.parse(entry[1])
      out[#out + 1] = Ends.lost(call, run, step, args[3])
    end
  end
  return out
end

-- give_back(node, step, fence, "lost" or "ending") -> messages
-- No process of the node holds this attempt: so it is after a rollback that forgot how the
-- attempt ended, and after a process that lost the index in the middle. Or the worker ends
-- before the step does, which is no fault of the step.
function Nodes.give_back(keys, args)
  local call = Call.open(keys, args)
  local run, step = Runs.parse(args[2])
  local held = redis.call("HMGET", Runs.step_key(call, run, step), "fence", "node")
  if held[1] ~= args[3] or held[2] ~= args[1] or Runs.state(call, run, step) ~= "R" then
    return {}
  end
  local give_back = args[4] == "lost" and Ends.lost or Ends.give_back
  return { give_back(call, run, step, "no process held it any more") }
end

local function remove(call, node, out, give_back, silent)
  local running, _, inline = entries(call, node)
  for _, run in ipairs(inline) do
    if Runs.get(call, run, "state") == "live" then
      Finish.cancel_run(call, run, "the process that ran it died")
    end
  end
  for _, entry in ipairs(running) do
    local run, step = Runs.parse(entry[1])
    if Runs.state(call, run, step) == "R" then
      out[#out + 1] = give_back(call, run, step, "the worker fell silent", silent)
    end
  end
  redis.call("ZREM", call:key("nodes"), node)
  redis.call("DEL", call:key("node:", node))
end

-- Nodes looked at by one call, the most silent first; leases differ.
local NODES_PER_CALL = 200

-- reap() -> messages: steps of nodes that have been silent for their lease.
function Nodes.reap(keys, args)
  local call = Call.open(keys, args)
  local tick, out = call:tick(), {}
  local oldest = redis.call("ZRANGE", call:key("nodes"), 0, NODES_PER_CALL - 1, "WITHSCORES")
  for i = 1, #oldest, 2 do
    local lease = redis.call("HGET", call:key("node:", oldest[i]), "lease") or "0"
    if tonumber(oldest[i + 1]) + tonumber(lease) < tick then
      remove(call, oldest[i], out, Ends.lost, true)
    end
  end
  return out
end

-- leave(node) -> messages: the node ends in good order.
function Nodes.leave(keys, args)
  local call = Call.open(keys, args)
  local out = {}
  remove(call, args[1], out, Ends.give_back)
  return out
end

redis.register_function("rc1_beat", Nodes.beat)
redis.register_function("rc1_tick", Nodes.tick)
redis.register_function("rc1_lost", Nodes.lost)
redis.register_function("rc1_give_back", Nodes.give_back)
redis.register_function("rc1_reap", Nodes.reap)
redis.register_function("rc1_leave", Nodes.leave)
