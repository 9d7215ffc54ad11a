-- advance: a subscription looks at its next events, in slices that `wake` drives.
--
-- Cursor, matches and runs move in one script. Whoever changed something looks at once; what
-- is left, every worker's sweeper does. What lies far behind (after a pause, or for a backfill)
-- waits in `behind`, and is looked at when nothing has just changed.
--
-- Keys of this file
--   behind  zset  c|<subscription> that catches up, b|<lane> of a backfill, by the revision at
--                 which it is                                    until it has caught up

local Advance = {}

-- Events that one slice looks at: 256 are 0.6 ms.
local SLICE = 256
local EVENTS_PER_UNIT = 16

local function event_of(entry)
  local event, fields = { id = entry[1] }, entry[2]
  for i = 1, #fields, 2 do
    event[fields[i]] = fields[i + 1]
  end
  return event
end

-- Events after the cursor that are no longer kept: nobody may pretend that they did not
-- happen. Says so once, and waits for a choice.
local function lags(call, sub)
  local forgotten = redis.call("HGET", call:key("index"), "forgotten")
  if not forgotten or not Groups.before(sub.cursor, forgotten) then
    return false
  end
  redis.call("HSET", Subscriptions.key(call, sub.name), "state", "lagged", "gap_from", sub.cursor,
    "gap_to", forgotten, "reason", "events after " .. sub.cursor .. " up to " .. forgotten
      .. " were forgotten before it looked at them")
  redis.call("ZREM", call:key("behind"), "c|" .. sub.name)
  call:announce("lagged", nil, "b", sub.name, "f", sub.cursor, "g", forgotten)
  return true
end

local function fire(call, lane, slots, left, out)
  local spent, more = Groups.fire(call, lane, slots, math.max(1, left), out)
  if more then
    Subscriptions.poke(call, lane.id)
  end
  return spent
end

local function slice(call, sub, left, out)
  if lags(call, sub) then
    return 1
  end
  local key, lane = Subscriptions.key(call, sub.name), Groups.lane(sub)
  local conditions, slots = Conditions.unpack(sub.conditions)
  local entries = redis.call("XRANGE", call:key("events"), "(" .. sub.cursor, "+", "COUNT", SLICE)
  for _, entry in ipairs(entries) do
    local event = event_of(entry)
    local condition = event.a and Conditions.match(call, conditions, event)
    if condition then
      Groups.accept(call, lane, event, condition, slots)
    end
  end
  if #entries > 0 then
    redis.call("HSET", key, "cursor", entries[#entries][1])
  end
  if #entries < SLICE then
    redis.call("HDEL", key, "behind")
    redis.call("ZREM", call:key("behind"), "c|" .. sub.name)
  else
    redis.call("ZADD", call:key("behind"), string.match(entries[#entries][1], "^%d+"),
      "c|" .. sub.name)
  end
  local spent = 1 + math.floor(#entries / EVENTS_PER_UNIT)
  return spent + fire(call, lane, slots, left - spent, out)
end

-- An event of this revision concerns it.
function Waits.on_dirty.s(call, name, revision, left, out)
  redis.call("ZREM", call:key("dirty"), "s|" .. name)
  local sub = Subscriptions.read(call, name)
  if not sub then
    return 1
  end
  if not sub.behind then
    local first = Text.int(revision) .. "-0"
    sub.cursor, sub.behind = Groups.before(sub.cursor, first) and first or sub.cursor, "1"
    redis.call("HSET", Subscriptions.key(call, name), "cursor", sub.cursor, "behind", "1")
  elseif redis.call("ZSCORE", call:key("behind"), "c|" .. name) then
    return 1 -- it comes to this event in its turn
  end
  if sub.state ~= "active" then
    return 1
  end
  return slice(call, sub, left, out)
end

-- It catches up.
function Waits.on_dirty.c(call, name, _, left, out)
  local sub = Subscriptions.read(call, name)
  if not sub or sub.state ~= "active" then
    redis.call("ZREM", call:key("behind"), "c|" .. name)
    return 1
  end
  return slice(call, sub, left, out)
end

-- A lane may start runs: a window is over, a run has ended, something that is required came.
function Waits.on_dirty.p(call, id, _, left, out)
  redis.call("ZREM", call:key("dirty"), "p|" .. id)
  local parts = Text.split(id, "|")
  local sub = Subscriptions.read(call, parts[1])
  if not sub or sub.state ~= "active" then
    return 1
  end
  local _, slots = Conditions.unpack(sub.conditions)
  return 1 + fire(call, Groups.lane(sub), slots, left - 1, out)
end
