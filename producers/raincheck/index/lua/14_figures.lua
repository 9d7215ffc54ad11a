-- figures: how much waits and runs, for those who watch.
--
-- Keys: index, nodes, runs:live, queues, queued:<queue>, waiting; see 03_runs.lua, 07_waits.lua

local Figures = {}

-- figures() -> {waiting steps, live runs, nodes, hints sent again and bad messages so far,
--   per queue: {name, queued steps, ms since the oldest of them was queued}}
function Figures.figures(keys)
  local call = Call.open(keys, {})
  local out = {
    redis.call("ZCARD", call:key("waiting")),
    redis.call("ZCARD", call:key("runs:live")),
    redis.call("ZCARD", call:key("nodes")),
    redis.call("HGET", call:key("index"), "resent") or "0",
    redis.call("HGET", call:key("index"), "bad") or "0",
  }
  for _, queue in ipairs(redis.call("SMEMBERS", call:key("queues"))) do
    local key = call:key("queued:", queue)
    local oldest = redis.call("ZRANGE", key, 0, 0, "WITHSCORES")[2] or call:now()
    out[#out + 1] = { queue, redis.call("ZCARD", key), Text.int(call:now() - tonumber(oldest)) }
  end
  return out
end

redis.register_function({
  function_name = "rc1_figures", callback = Figures.figures, flags = { "no-writes" },
})
