-- trim: what is kept for a time is forgotten after it. Records of runs end by themselves;
-- these are the tables whose members do not.
--
-- Keys: events, index (forgotten), see 01_call.lua; runs:done, see 03_runs.lua; dead, see
-- 04_ends.lua

local Trim = {}

local KEEP_EVENTS = 7 * DAY
local PER_CALL = 1000

local function time_of(entry)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == "t" then
      return tonumber(fields[i + 1])
    end
  end
end

-- The revision of the first event that an active subscription has not looked at; such are
-- not too old, for it may be that no worker was there to look.
local function first_awaited(call)
  local first = math.huge
  for _, name in ipairs({ "dirty", "behind" }) do
    local row = redis.call("ZRANGE", call:key(name), 0, 0, "WITHSCORES")
    first = math.min(first, row[2] and tonumber(row[2]) or math.huge)
  end
  return first
end

-- The oldest events, as far as they are too old or too many. Ids are revisions, not times,
-- so the entries are read. The last one that is forgotten is noted: a reader that has not
-- come so far has missed something. Returns whether more may be.
local function trim_events(call, before, most)
  local key, forgotten = call:key("events"), 0
  local surplus, awaited = redis.call("XLEN", key) - most, first_awaited(call)
  local entries = redis.call("XRANGE", key, "-", "+", "COUNT", PER_CALL)
  for i, entry in ipairs(entries) do
    local revision = tonumber(string.match(entry[1], "^%d+"))
    if i > surplus and (time_of(entry) >= before or revision >= awaited) then
      break
    end
    forgotten = i
  end
  if forgotten > 0 then
    local last = entries[forgotten][1]
    redis.call("HSET", call:key("index"), "forgotten", last)
    redis.call("XTRIM", key, "MINID", last)
    redis.call("XDEL", key, last)
  end
  return forgotten == PER_CALL
end

local function trim_table(call, name, before)
  local key = call:key(name)
  local old = redis.call("ZRANGEBYSCORE", key, "-inf", Text.int(before), "LIMIT", 0, PER_CALL)
  Batch.write("ZREM", key, old)
  return #old == PER_CALL
end

-- trim(number of events to keep at most) -> "1" when more may be left
function Trim.trim(keys, args)
  local call = Call.open(keys, args)
  local events = trim_events(call, call:now() - KEEP_EVENTS, call:number())
  local done = trim_table(call, "runs:done", call:now() - KEEP.F)
  local dead = trim_table(call, "dead", call:now() - KEEP.F)
  return (events or done or dead) and "1" or "0"
end

redis.register_function("rc1_trim", Trim.trim)
