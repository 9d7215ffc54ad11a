-- Backfills: a subscription looks at versions that are there already.
--
-- The source is the versions, not the log: they are the truth, and are kept. So what a gap in
-- the log has swallowed can be started, too. Moves of aliases are not kept; those conditions
-- have no backfill. A version that has had its run is passed by, unless `again` is given.
--
-- A backfill has a lane of its own with few live runs, and is looked at when nothing has just
-- changed: what happens now goes first. Its runs' events start nothing, unless `cascade`.
--
-- Keys of this file
--   fill:<lane>      hash  from, to (revision), limit, priority, again, cascade, created,
--                          ended, and at:<artifact>, the sequence looked at last
--                                                    30 days after its end, or until deleted

local Backfill = {}
do -- what is local ends with the file: a chunk may hold 200

-- Versions that one slice looks at, and that may wait in the lane.
local FILL_SLICE = 64
local KEEP_FILL = 30 * DAY

-- The artifacts that it looks at: those of conditions over versions.
local function artifacts_of(conditions)
  local names = {}
  for artifact, list in pairs(conditions) do
    for _, condition in ipairs(list) do
      if condition.kind == "v" then
        names[#names + 1] = artifact
        break
      end
    end
  end
  table.sort(names)
  return names
end

-- The sequence of the last version whose `field` (rev or at, both only grow) is not above the
-- limit; binary search.
function Backfill.last_before(call, artifact, field, limit)
  local key = call:key("vers:", artifact)
  local low, high, found = 0, redis.call("ZCARD", key) - 1, 0
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local row = redis.call("ZRANGE", key, middle, middle, "WITHSCORES")
    local value = redis.call("HGET", call:key("ver:", artifact, ":", row[1]), field)
    if tonumber(value) <= limit then
      found, low = tonumber(row[2]), middle + 1
    else
      high = middle - 1
    end
  end
  return found
end

-- The version of an artifact after a sequence, as the event of its publication; nil for none
-- up to the revision `to`.
local function version_after(call, artifact, sequence, to)
  local row = redis.call("ZRANGEBYSCORE", call:key("vers:", artifact), "(" .. Text.int(sequence),
    "+inf", "WITHSCORES", "LIMIT", 0, 1)
  if not row[1] then
    return nil
  end
  local v = redis.call("HMGET", call:key("ver:", artifact, ":", row[1]), "rev", "at", "ev")
  if tonumber(v[1]) > to then
    return nil
  end
  return {
    id = v[3] or v[1] .. "-0", k = "published", a = artifact, v = row[1],
    s = Text.int(tonumber(row[2])), t = v[2], d = "0",
  }
end

-- Calls `see` with up to `most` versions in the order of their publication, whatever their
-- artifacts, until it says stop; moves `places` along. Returns whether there is none left.
local function walk(call, places, to, most, see)
  local heads = {}
  for artifact, sequence in pairs(places) do
    heads[artifact] = version_after(call, artifact, sequence, to)
  end
  for _ = 1, most do
    local first
    for _, head in pairs(heads) do
      if not first or Text.before(head.id, first.id) then
        first = head
      end
    end
    if not first then
      return true
    end
    local stop = see(first)
    places[first.a] = tonumber(first.s)
    heads[first.a] = version_after(call, first.a, places[first.a], to)
    if stop then
      return false
    end
  end
  return next(heads) == nil
end

local function begin(call, conditions, field, from)
  local places = {}
  for _, artifact in ipairs(artifacts_of(conditions)) do
    places[artifact] = Backfill.last_before(call, artifact, field, from)
  end
  return places
end

-- preview(name, rev | at, from, "1" for again, revision up to which or "", then per artifact
--   that was begun: its name, sequence)
-- -> {"DONE", revision up to which, "1" when there is more, {artifact, sequence...},
--     per version that matches: {event, artifact, version, slot, "1" when it had its run}}
--  | {"UNKNOWN"} | {"REFUSED", why}
function Backfill.preview(keys, args)
  local call = Call.open(keys, args)
  local sub, field, from = Subscriptions.read(call, call:take()), call:take(), call:number()
  if not sub then
    return { "UNKNOWN" }
  end
  local again, to = call:take() == "1", call:number() or call:current_revision()
  local conditions = Conditions.unpack(sub.conditions)
  local places, artifact = {}, call:take()
  if not artifact then
    places = begin(call, conditions, field, from)
  end
  while artifact do
    places[artifact] = call:number()
    artifact = call:take()
  end
  if not next(places) then
    return { "REFUSED", Backfill.ALIASES }
  end
  local lane, found = Matches.lane(sub), {}
  local ended = walk(call, places, to, FILL_SLICE, function(event)
    local condition = Conditions.match(call, conditions, event)
    if condition then
      local had = not again and Matches.known(call, lane, event)
      found[#found + 1] = { event.id, event.a, event.v, condition.slot, had and "1" or "0" }
    end
  end)
  local flat = {}
  for name, sequence in pairs(places) do
    flat[#flat + 1] = name
    flat[#flat + 1] = Text.int(sequence)
  end
  return { "DONE", Text.int(to), ended and "0" or "1", flat, found }
end

Backfill.ALIASES = "it is for moves of an alias only, which are not kept"

-- backfill(name, its number: one more than there were, rev | at, from, live runs at once,
--   priority or "", "1" for again, "1" to cascade)
-- -> {"DONE", revision up to which} | {"UNKNOWN"} | {"MOVED", number of those that there are}
--  | {"REFUSED", why}
function Backfill.backfill(keys, args)
  local call = Call.open(keys, args)
  local name, number = call:take(), call:take()
  local sub = Subscriptions.read(call, name)
  if not sub then
    return { "UNKNOWN" }
  end
  local key = call:key("fill:", name, "|", number)
  local fills = redis.call("HGET", Subscriptions.key(call, name), "fills") or "0"
  if fills == number and redis.call("EXISTS", key) == 1 then
    return { "DONE", redis.call("HGET", key, "to") }
  elseif tonumber(fills) + 1 ~= tonumber(number) then
    return { "MOVED", fills }
  end
  local field, from = call:take(), call:number()
  local places = begin(call, Conditions.unpack(sub.conditions), field, from)
  if not next(places) then
    return { "REFUSED", Backfill.ALIASES }
  end
  local to = Text.int(call:current_revision())
  redis.call("HSET", key, "from", field .. " " .. Text.int(from), "to", to, "limit", call:take(),
    "priority", call:take(), "again", call:take(), "cascade", call:take(),
    "created", Text.int(call:now()))
  for artifact, sequence in pairs(places) do
    redis.call("HSET", key, "at:" .. artifact, Text.int(sequence))
  end
  redis.call("HSET", Subscriptions.key(call, name), "fills", number)
  redis.call("ZADD", call:key("behind"), "+inf", "b|" .. name .. "|" .. number)
  return { "DONE", to }
end

local function read(call, id)
  local record = redis.call("HGETALL", call:key("fill:", id))
  if #record == 0 then
    return nil
  end
  local fill = { number = Text.split(id, "|")[2], places = {} }
  for i = 1, #record, 2 do
    local artifact = string.match(record[i], "^at:(.*)$")
    if artifact then
      fill.places[artifact] = tonumber(record[i + 1])
    else
      fill[record[i]] = record[i + 1]
    end
  end
  return fill
end

-- The lane of a live subscription or of a backfill, with its slots and conditions.
function Backfill.lane(call, id)
  local parts = Text.split(id, "|")
  local sub = Subscriptions.read(call, parts[1])
  local fill = parts[2] and sub and read(call, id)
  if not sub or parts[2] and not fill then
    return nil
  end
  local conditions, slots = Conditions.unpack(sub.conditions)
  return Matches.lane(sub, fill), slots, conditions
end

local function finish(call, lane)
  local key, at = call:key("fill:", lane.id), call:now() + KEEP_FILL
  redis.call("HSET", key, "ended", Text.int(call:now()))
  redis.call("PEXPIREAT", key, Text.int(at))
  lane.fill.ended = "1"
  Matches.hand_over(call, lane)
  if lane.fill.again == "1" then
    for artifact in pairs(lane.fill.places) do
      redis.call("PEXPIREAT", call:key("matched:", lane.sub.name, "+", lane.gen, ":", artifact),
        Text.int(at))
    end
  end
end

-- Takes in the next versions, as far as the lane goes on -> what was spent, whether it is
-- blocked.
local function look(call, lane, conditions, slots, left, out)
  local fill, spent, blocked = lane.fill, 4, false
  local ended = walk(call, fill.places, tonumber(fill.to), FILL_SLICE, function(event)
    local cost, stopped = Advance.take(call, lane, conditions, slots, event, left, out)
    spent, blocked = spent + cost, stopped or false
    return blocked or spent >= left
  end)
  for artifact, sequence in pairs(fill.places) do
    redis.call("HSET", call:key("fill:", lane.id), "at:" .. artifact, Text.int(sequence))
  end
  if ended then
    finish(call, lane)
  end
  if slots == 1 then
    local cost, stopped = Advance.fire(call, lane, slots, left - spent, out)
    spent, blocked = spent + cost, stopped
  end
  return spent, blocked
end

local function go_on(call, lane, blocked)
  if not blocked and not lane.fill.ended then
    redis.call("ZADD", call:key("behind"), "+inf", "b|" .. lane.id)
  end
end

function Waits.on_dirty.b(call, id, _, left, out)
  redis.call("ZREM", call:key("behind"), "b|" .. id)
  local lane, slots, conditions = Backfill.lane(call, id)
  if not lane or lane.fill.ended then
    return 1
  end
  local spent, blocked = look(call, lane, conditions, slots, left, out)
  go_on(call, lane, blocked)
  return spent
end

-- A lane may start runs: a window is over, a run has ended, something that is required came.
-- A backfill goes on, also of a subscription that is paused.
function Waits.on_dirty.p(call, id, _, left, out)
  redis.call("ZREM", call:key("dirty"), "p|" .. id)
  local lane, slots = Backfill.lane(call, id)
  if not lane or lane.sub.state ~= "active" and not lane.fill then
    return 1
  end
  local spent, blocked = Advance.fire(call, lane, slots, left - 1, out)
  if lane.fill then
    go_on(call, lane, blocked)
  end
  return 1 + spent
end

redis.register_function("rc1_backfill", Backfill.backfill)
redis.register_function({
  function_name = "rc1_preview", callback = Backfill.preview, flags = { "no-writes" },
})

end
