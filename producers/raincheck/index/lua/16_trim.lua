-- trim: what is kept for a time is forgotten after it. Records of runs end by themselves;
-- these are the tables whose members do not.
--
-- Keys: events, see 01_call.lua; runs:done, see 03_runs.lua; dead, see 04_ends.lua

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

-- The oldest events, as far as they are too old. Ids are revisions, not times, so the
-- entries are read. Returns whether more may be.
local function trim_events(call, before)
  local first_kept, last_read = nil, nil
  local entries = redis.call("XRANGE", call:key("events"), "-", "+", "COUNT", PER_CALL)
  for _, entry in ipairs(entries) do
    last_read = entry[1]
    if time_of(entry) >= before then
      first_kept = entry[1]
      break
    end
  end
  if first_kept then
    redis.call("XTRIM", call:key("events"), "MINID", first_kept)
  elseif last_read then
    redis.call("XTRIM", call:key("events"), "MINID", last_read)
    redis.call("XDEL", call:key("events"), last_read)
  end
  return not first_kept and #entries == PER_CALL
end

local function trim_table(call, name, before)
  local key = call:key(name)
  local old = redis.call("ZRANGEBYSCORE", key, "-inf", Text.int(before), "LIMIT", 0, PER_CALL)
  Batch.write("ZREM", key, old)
  return #old == PER_CALL
end

-- trim() -> "1" when more may be left
function Trim.trim(keys)
  local call = Call.open(keys, {})
  local events = trim_events(call, call:now() - KEEP_EVENTS)
  local done = trim_table(call, "runs:done", call:now() - KEEP.F)
  local dead = trim_table(call, "dead", call:now() - KEEP.F)
  return (events or done or dead) and "1" or "0"
end

redis.register_function("rc1_trim", Trim.trim)
