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
  redis.call("SADD", call:key("lagging"), sub.name)
  call:announce("lagged", nil, "b", sub.name, "f", sub.cursor, "g", forgotten)
  return true
end

-- Starts what is complete -> what was spent, whether the lane is blocked.
function Advance.fire(call, lane, slots, left, out)
  local spent, state = Groups.fire(call, lane, slots, math.max(1, left), out)
  if state == "more" then
    Subscriptions.poke(call, lane.id)
  end
  return spent, state == "blocked"
end

-- Takes one event in. An all_of starts its run at once: were more events taken in before, it
-- would depend on slices which of them meet.
function Advance.take(call, lane, conditions, slots, event, left, out)
  local condition = event.a and Conditions.match(call, conditions, event)
  if not condition then
    return 0
  end
  Groups.accept(call, lane, event, condition, slots)
  if slots == 1 then
    return 0
  end
  return Advance.fire(call, lane, slots, left, out)
end

-- The next events of a subscription -> what was spent, the last one, whether there are more.
local function read_on(call, sub, lane, left, out)
  local conditions, slots = Conditions.unpack(sub.conditions)
  local entries = redis.call("XRANGE", call:key("events"), "(" .. sub.cursor, "+", "COUNT", SLICE)
  local spent, cursor = 1 + math.floor(#entries / EVENTS_PER_UNIT), sub.cursor
  for i, entry in ipairs(entries) do
    spent = spent + Advance.take(call, lane, conditions, slots, event_of(entry), left, out)
    cursor = entry[1]
    if spent >= left and i < #entries then
      return spent, cursor, true
    end
  end
  return spent + Advance.fire(call, lane, slots, left - spent, out), cursor, #entries == SLICE
end

local function slice(call, sub, left, out)
  if lags(call, sub) then
    return 1
  end
  local key = Subscriptions.key(call, sub.name)
  local spent, cursor, more = read_on(call, sub, Groups.lane(sub), left, out)
  redis.call("HSET", key, "cursor", cursor)
  if more then
    redis.call("ZADD", call:key("behind"), string.match(cursor, "^%d+"), "c|" .. sub.name)
  else
    redis.call("HDEL", key, "behind")
    redis.call("ZREM", call:key("behind"), "c|" .. sub.name)
  end
  return spent
end

-- An event of this revision concerns it.
function Waits.on_dirty.s(call, name, revision, left, out)
  redis.call("ZREM", call:key("dirty"), "s|" .. name)
  local sub = Subscriptions.read(call, name)
  if not sub then
    return 1
  end
  if not sub.behind then
    -- All that came before is none of its: it would have been marked.
    sub.cursor, sub.behind = Text.int(revision) .. "-0", "1"
    redis.call("HSET", Subscriptions.key(call, name), "cursor", sub.cursor, "behind", "1")
  elseif redis.call("ZSCORE", call:key("behind"), "c|" .. name) then
    return 1 -- it comes to this event in its turn
  end
  if sub.state ~= "active" then
    return 1
  end
  for n = 1, tonumber(sub.fills or 0) do -- what they require may be there now
    if redis.call("EXISTS", call:key("pend:", name, "|", n), call:key("join:", name, "|", n)) > 0 then
      Subscriptions.poke(call, name .. "|" .. Text.int(n))
    end
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

