-- Matches: what satisfies a subscription's conditions waits in a lane, and is remembered.
--
-- A packed match is these fields, joined by FIELD:
--   event id, kind, artifact, version, sequence, depth of the event, ms of the event
--
-- Keys of this file (<lane>: see 18_subscriptions.lua)
--   pend:<lane>     list  matches that are in no run yet                with the subscription
--   join:<lane>     hash  slot of an all_of, and its newest match       with the subscription
--   live:<lane>     zset  runs that have not ended, by server ms        with the subscription
--   matched:<name>+<gen>:<artifact>  hash  version (of an alias: @<event id>), and what became
--                         of it: "" it waits in the lane; "." a run of its own; +<event id> the
--                         run that ends with that event; -<word> no run, and why
--                                                                       with the subscription

local Matches = {}

-- Matches of one run: its record lists them. Of a group of the newest the oldest fall out.
local LISTED = 256

-- The live lane of a subscription, or that of a backfill with its number and options.
function Matches.lane(sub, fill)
  local lane = { sub = sub, id = sub.name, gen = sub.gen, limit = tonumber(sub.limit),
    full = sub.full, priority = sub.priority, quiet = "0" }
  if fill then
    lane.id, lane.fill = sub.name .. "|" .. fill.number, fill
    lane.gen = fill.again == "1" and sub.gen .. "r" .. fill.number or sub.gen
    lane.limit, lane.full, lane.priority = tonumber(fill.limit), "queue", fill.priority
    lane.quiet = fill.cascade == "1" and "0" or "1"
  end
  return lane
end

function Matches.note(call, lane, match, outcome)
  local field = match.k == "alias" and "@" .. match.id or match.v
  redis.call("HSET", call:key("matched:", lane.sub.name, "+", lane.gen, ":", match.a), field,
    outcome)
end

-- Whether the lane has had an event, or a version by another of its events.
function Matches.known(call, lane, match)
  local field = match.k == "alias" and "@" .. match.id or match.v
  return redis.call("HEXISTS",
    call:key("matched:", lane.sub.name, "+", lane.gen, ":", match.a), field) == 1
end

-- Why an event starts nothing although it matches, or nil.
local function refusal(lane, event)
  local sub = lane.sub
  if lane.fill then
    return nil -- a person asked for it
  elseif event.q == "1" then
    return "quiet"
  elseif event.w == sub.pipeline and sub.feedback ~= "1" then
    return "own"
  elseif tonumber(event.d or 0) + 1 > tonumber(sub.deepest) then
    return "deep"
  end
  return nil
end

local function pack(event)
  return table.concat({ event.id, event.k, event.a, event.v, event.s or "", event.d or "0",
    event.t }, FIELD)
end

function Matches.unpack(packed)
  local f = Text.split(packed, FIELD)
  return { id = f[1], k = f[2], a = f[3], v = f[4], s = f[5], d = f[6], t = f[7],
    packed = packed }
end

local function supersede(call, lane, packed)
  Matches.note(call, lane, Matches.unpack(packed), "-superseded")
  Subscriptions.count(call, lane.sub.name, "superseded")
end

-- A backfill has come to its end: parts of an all_of that lack the others go to the live lane,
-- unless a match is there already, which is newer.
function Matches.hand_over(call, lane)
  local key, live = call:key("join:", lane.id), call:key("join:", lane.sub.name)
  local joining = redis.call("HGETALL", key)
  for i = 1, #joining, 2 do
    local taken = lane.gen == lane.sub.gen
      and redis.call("HSETNX", live, joining[i], joining[i + 1]) == 1
    if not taken then
      supersede(call, lane, joining[i + 1])
    end
  end
  if redis.call("DEL", key) == 1 then
    Subscriptions.poke(call, lane.sub.name)
  end
end

local function put(call, lane, packed, slot, slots)
  if slots == 1 then
    local pending = call:key("pend:", lane.id)
    if redis.call("RPUSH", pending, packed) > LISTED and lane.sub.group == "newest" then
      supersede(call, lane, redis.call("LPOP", pending))
    end
    return
  end
  local joining = call:key("join:", lane.id)
  local before = redis.call("HGET", joining, slot)
  if before then
    supersede(call, lane, before)
  end
  redis.call("HSET", joining, slot, packed)
end

-- Takes an event that satisfies a condition into the lane, once.
function Matches.accept(call, lane, event, condition, slots)
  if Matches.known(call, lane, event) then
    return
  end
  local name, why = lane.sub.name, refusal(lane, event)
  Subscriptions.count(call, name, "matched")
  if why then
    Matches.note(call, lane, event, "-" .. why)
    Subscriptions.count(call, name, why)
    return
  end
  Matches.note(call, lane, event, "")
  put(call, lane, pack(event), condition.slot, slots)
end

-- The parts of a subscription have changed: what waits goes where it belongs now, in its order.
function Matches.sort_anew(call, lane, conditions, slots)
  local pending, joining = call:key("pend:", lane.id), call:key("join:", lane.id)
  local waiting = {}
  for _, list in ipairs({
    redis.call("LRANGE", pending, 0, -1), redis.call("HVALS", joining),
  }) do
    for _, packed in ipairs(list) do
      waiting[#waiting + 1] = Matches.unpack(packed)
    end
  end
  redis.call("DEL", pending, joining)
  table.sort(waiting, function(a, b) return Text.before(a.id, b.id) end)
  for _, match in ipairs(waiting) do
    local condition = (conditions[match.a] or {})[1]
    if condition then
      put(call, lane, match.packed, condition.slot, slots)
    else
      supersede(call, lane, match.packed)
    end
  end
end
