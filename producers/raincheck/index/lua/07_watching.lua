-- Watching: who waits for what the fall-back may publish. The fall-back knows nothing of that:
-- its events are read here, from a place that is kept here, and what waits under the same wait
-- keys is looked at again.
--
-- Keys of this file
--   index  hash    fallback_next (id of the fall-back's event to look at next)     for ever
--   dirty  zset    o|<ms>, see 07_waits.lua: who has waited since before then is looked at
-- Of the fall-back it reads index and events.

do -- what is local ends with the file: a chunk may hold 200

local EVENTS_PER_CALL = 250

-- The wait keys that an event of a kind fires, as its own namespace does; `q` is fired by all.
local Fires = {}

function Fires.published(event)
  return "v:" .. event.a .. "@" .. event.v, "n:" .. event.a
end

function Fires.alias(event)
  return "a:" .. event.a .. ":" .. event.n
end

function Fires.metadata(event)
  return "m:" .. event.a .. "@" .. event.v .. "#" .. event.n
end

local function fire(call, watch)
  if redis.call("EXISTS", call:key("wait:", watch)) == 1 then
    -- Nothing has changed here, so the revision stays.
    redis.call("ZADD", call:key("dirty"), Text.int(call:current_revision()), "f|" .. watch)
  end
end

local function look_at(call, fields)
  local event = {}
  for i = 1, #fields, 2 do
    event[fields[i]] = fields[i + 1]
  end
  if not event.a then
    return
  end
  fire(call, "q:" .. event.a)
  if event.k == "deleted" then
    Waits.mark_deleted(call, event.a, event.v, call:current_revision())
  end
  local fires = Fires[event.k]
  for _, watch in ipairs(fires and { fires(event) } or {}) do
    fire(call, watch)
  end
end

local function next_place(id)
  local revision, position = string.match(id, "^(%d+)-(%d+)$")
  return revision .. "-" .. Text.int(tonumber(position) + 1)
end

local function note_now(call, other)
  local place = Text.int(other:current_revision() + 1) .. "-0"
  redis.call("HSET", call:key("index"), "fallback_next", place)
end

-- Somebody is about to wait, who was just looked at. If nobody else does, what the fall-back
-- has by now need not be read.
function Waits.watch(call)
  local other = call:fallback()
  if other and redis.call("EXISTS", call:key("waiting")) == 0 then
    note_now(call, other)
  end
end

-- Whether events were missed: the place is not known, they are forgotten already, or the
-- fall-back was emptied and counts from the start.
local function missed_some(other, place)
  if not place then
    return true
  end
  local forgotten = redis.call("HGET", other:key("index"), "forgotten")
  local revision = tonumber(string.match(place, "^%d+"))
  return (forgotten and not Text.before(forgotten, place))
    or revision > other:current_revision() + 1
end

-- Reads the next events of the fall-back, and marks those whom they may concern.
function Waits.watch_fallback(call)
  local other, index = call:fallback(), call:key("index")
  if not other or redis.call("EXISTS", call:key("waiting")) == 0 then
    return
  end
  local place = redis.call("HGET", index, "fallback_next")
  if missed_some(other, place) then
    redis.call("ZADD", call:key("dirty"), Text.int(call:current_revision()),
      "o|" .. Text.int(call:now()))
    note_now(call, other)
    return
  end
  local events = redis.call("XRANGE", other:key("events"), place, "+", "COUNT", EVENTS_PER_CALL)
  for _, entry in ipairs(events) do
    look_at(call, entry[2])
  end
  if events[1] then
    redis.call("HSET", index, "fallback_next", next_place(events[#events][1]))
  end
end

-- All who were parked by a moment, in slices; who is parked again is parked after it.
function Waits.on_dirty.o(call, moment, _, left, out)
  if call:now() <= tonumber(moment) then
    return left -- in a millisecond
  end
  local members = redis.call("ZRANGEBYSCORE", call:key("waiting"), "-inf", moment,
    "LIMIT", "0", Text.int(math.ceil(left)))
  for _, member in ipairs(members) do
    local run, step = Runs.parse(member)
    if Runs.state(call, run, step) == "W" then
      Waits.leave(call, run, step)
      out[#out + 1] = Waits.look(call, run, step)
    else
      redis.call("ZREM", call:key("waiting"), member) -- else it would be met for ever
    end
  end
  if #members < left then
    redis.call("ZREM", call:key("dirty"), "o|" .. moment)
  end
  return #members + 1
end

end
