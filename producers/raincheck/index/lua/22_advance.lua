-- advance: a subscription looks at its next events, in slices that `wake` drives.
--
-- Cursor, matches and runs move in one script. Whoever changed something looks at once; what
-- is left, every worker's sweeper does. What lies far behind (after a pause, or for a backfill)
-- waits in `behind`, and is looked at when nothing has just changed.
--
-- Keys of this file
--   behind  zset  c|<subscription> that catches up, b|<lane> of a backfill, by the revision at
--                 which it is                                    until it has caught up
--   marking  hash  artifact of which not all subscriptions are marked: the last one that is

local Advance = {}
do -- what is local ends with the file: a chunk may hold 200

-- Events that one slice looks at: 256 are 0.6 ms.
local SLICE = 256
local EVENTS_PER_UNIT = 16
local CONDITIONS_PER_UNIT = 16
local ACCEPTED_PER_UNIT = 4
-- Subscriptions that one slice marks.
local MARKS = 500
local MARKS_PER_UNIT = 25

local function event_of(entry)
  local event, fields = { id = entry[1] }, entry[2]
  event.by_then = Moments.at_revision(tonumber(string.match(event.id, "^%d+")))
  for i = 1, #fields, 2 do
    event[fields[i]] = fields[i + 1]
  end
  return event
end

-- Events after the cursor that are no longer kept: nobody may pretend that they did not
-- happen. Says so once, and waits for a choice.
local function lags(call, sub)
  local forgotten = redis.call("HGET", call:key("index"), "forgotten")
  if not forgotten or not Text.before(sub.cursor, forgotten) then
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

-- Takes one event in -> what was spent, whether the lane is blocked. An all_of starts its run
-- at once: were more events taken in before, it would depend on slices which of them meet.
function Advance.take(call, lane, conditions, slots, event, left, out)
  if not event.a then
    return 0
  end
  local condition, looked = Conditions.match(call, conditions, event)
  local spent = math.max(0, looked - 1) / CONDITIONS_PER_UNIT
  if not condition then
    return spent
  end
  Matches.accept(call, lane, event, condition, slots)
  spent = spent + 1 / ACCEPTED_PER_UNIT
  if slots == 1 then
    return spent
  end
  local fired, blocked = Advance.fire(call, lane, slots, left - spent, out)
  return spent + fired, blocked
end

-- The next events of a subscription -> what was spent, the last one, whether there are more.
local function read_on(call, sub, lane, left, out)
  local conditions, slots = Conditions.unpack(sub.conditions)
  local entries = redis.call("XRANGE", call:key("events"), "(" .. sub.cursor, "+", "COUNT", SLICE)
  local spent, cursor, more = 1, sub.cursor, #entries == SLICE
  for i, entry in ipairs(entries) do
    spent = spent + 1 / EVENTS_PER_UNIT
      + Advance.take(call, lane, conditions, slots, event_of(entry), left - spent, out)
    cursor = entry[1]
    if spent >= left and i < #entries then
      more = true
      break
    end
  end
  return spent + Advance.fire(call, lane, slots, left - spent, out), cursor, more
end

local function slice(call, sub, left, out)
  if lags(call, sub) then
    return 1
  end
  local key = Subscriptions.key(call, sub.name)
  local spent, cursor, more = read_on(call, sub, Matches.lane(sub), left, out)
  redis.call("HSET", key, "cursor", cursor)
  if more then
    redis.call("ZADD", call:key("behind"), string.match(cursor, "^%d+"), "c|" .. sub.name)
  else
    redis.call("HDEL", key, "behind")
    redis.call("ZREM", call:key("behind"), "c|" .. sub.name)
  end
  return spent
end

-- Marks the subscriptions to an artifact, those after the one that was marked last. Its row
-- stands before all rows of later revisions, and of the same: none that it marks is looked at
-- until all are marked, so what changes meanwhile needs no second row.
function Waits.on_dirty.a(call, artifact, revision, _, _)
  local marking, rows = call:key("marking"), {}
  local last = redis.call("HGET", marking, artifact)
  local names = redis.call("ZRANGEBYLEX", call:key("subs:", artifact), last and "(" .. last or "-",
    "+", "LIMIT", 0, MARKS)
  for _, name in ipairs(names) do
    rows[#rows + 1] = Text.int(revision)
    rows[#rows + 1] = "s|" .. name
  end
  if #rows > 0 then
    redis.call("ZADD", call:key("dirty"), "LT", unpack(rows))
  end
  if #names == MARKS then
    redis.call("HSET", marking, artifact, names[MARKS])
  else
    redis.call("HDEL", marking, artifact)
    redis.call("ZREM", call:key("dirty"), "a|" .. artifact)
  end
  return 1 + #names / MARKS_PER_UNIT
end

-- An event of this revision concerns it.
function Waits.on_dirty.s(call, name, revision, left, out)
  redis.call("ZREM", call:key("dirty"), "s|" .. name)
  local sub = Subscriptions.read(call, name)
  if not sub then
    return 1
  end
  if not sub.behind then
    -- What came before the mark is none of its, and what it has read already it need not again.
    local first = Text.int(revision) .. "-0"
    sub.cursor, sub.behind = Text.before(sub.cursor, first) and first or sub.cursor, "1"
    redis.call("HSET", Subscriptions.key(call, name), "cursor", sub.cursor, "behind", "1")
  elseif redis.call("ZSCORE", call:key("behind"), "c|" .. name) then
    return 1 -- it comes to this event in its turn
  end
  if sub.state ~= "active" then
    return 1
  end
  for n = 1, tonumber(sub.fills or 0) do -- what they require may be there now
    local pending, joined = call:key("pend:", name, "|", n), call:key("join:", name, "|", n)
    if redis.call("EXISTS", pending, joined) > 0 then
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

end
