-- Groups: what waits in a lane starts runs, each for a group of matches.
--
-- A run's id comes from its events, and matches and runs are written in one script with the
-- cursor: an event starts its run once, whatever dies and however often this is repeated.
--
-- Keys: see 20_matches.lua

local Groups = {}

-- Units of work, of which `wake` may spend so many: one is about 0.05 ms.
local STARTING, STEPS_PER_UNIT, MATCHES_PER_UNIT = 3, 40, 16
local REPLACED_AT_ONCE = 16 -- runs that make room for later ones
local DROPS_AT_ONCE = 32 -- groups with matches of deleted versions

-- How many matches of the front make a group now; 0 for none. A backfill looks at all there is
-- before it closes a group that time would close.
local Ready = {}

function Ready.each()
  return 1
end

function Ready.newest(_, lane, length)
  return (not lane.fill or lane.fill.ended) and length or 0
end

function Ready.batch(call, lane, length)
  local most = tonumber(lane.sub.max)
  if length >= most or lane.fill and lane.fill.ended then
    return math.min(length, most)
  elseif lane.fill then
    return 0
  end
  local first = Matches.unpack(redis.call("LINDEX", call:key("pend:", lane.id), 0))
  local due = tonumber(first.t) + tonumber(lane.sub.window)
  if due <= call:now() then
    return length
  end
  Runs.timer(call, "s|" .. lane.id, Text.int(due))
  return 0
end

-- A match of a version that was deleted since starts no run.
local function deleted_since(call, lane, packed)
  local match = Matches.unpack(packed)
  if not Deleted.find(call, match.a, match.v) then
    return false
  end
  Matches.note(call, lane, match, "-deleted")
  Subscriptions.count(call, lane.sub.name, "deleted")
  return true
end

-- The group at the front: its packed matches, or nil; whether some were dropped, without which
-- it may be another one.
local function front_group(call, lane, slots)
  if slots > 1 then
    local found = {}
    for slot = 1, slots do
      found[slot] = redis.call("HGET", call:key("join:", lane.id), Text.int(slot))
      if found[slot] and deleted_since(call, lane, found[slot]) then
        redis.call("HDEL", call:key("join:", lane.id), Text.int(slot))
        found[slot] = nil
      end
      if not found[slot] then
        return nil
      end
    end
    return found
  end
  local pending = call:key("pend:", lane.id)
  local length = redis.call("LLEN", pending)
  local count = length > 0 and Ready[lane.sub.group](call, lane, length) or 0
  if count == 0 then
    return nil
  end
  local group, dropped = redis.call("LRANGE", pending, 0, count - 1), false
  for _, packed in ipairs(group) do
    if deleted_since(call, lane, packed) then
      redis.call("LREM", pending, 1, packed)
      dropped = true
    end
  end
  return group, dropped
end

-- The next group without taking it: its packed matches, or nil.
local function next_group(call, lane, slots)
  for _ = 1, DROPS_AT_ONCE do
    local group, dropped = front_group(call, lane, slots)
    if not dropped then
      return group
    end
  end
  Subscriptions.poke(call, lane.id)
  return nil
end

local function take(call, lane, group, slots)
  if slots > 1 then
    redis.call("DEL", call:key("join:", lane.id))
  else
    redis.call("LTRIM", call:key("pend:", lane.id), #group, -1)
  end
end

-- What a group's run is: id, how its matches are noted, depth, what its record lists.
local function describe(lane, matches)
  local last, depth, listed = matches[#matches], 0, {}
  for i, match in ipairs(matches) do
    depth = math.max(depth, tonumber(match.d))
    listed[i] = match.packed
  end
  local prefix = lane.sub.name .. "+" .. lane.gen .. "+"
  local own = lane.sub.group == "each" and #matches == 1 and last.k ~= "alias"
  return {
    -- An id of a run holds no slash; a name of an artifact no plus.
    run = prefix .. (own and string.gsub(last.a, "/", "+") .. "@" .. last.v or last.id),
    noted = own and "." or "+" .. last.id, depth = Text.int(depth + 1),
    trigger = table.concat(listed, ITEM),
  }
end

local function read_steps(call, sub)
  local v = redis.call("HMGET", call:key("spec:", sub.spec), "steps", "needs", "model")
  local steps, needs = {}, Text.split(v[2], " ")
  sub.model = v[3] or nil
  for i, name in ipairs(Text.split(v[1], " ")) do
    steps[i] = { name = name, needs = needs[i] }
  end
  return steps
end

local function start(call, lane, matches, group, out)
  local sub = lane.sub
  if redis.call("EXISTS", Runs.key(call, group.run)) == 1 then
    return 1
  end
  sub.steps = sub.steps or read_steps(call, sub)
  Submit.hold_again(call, sub.spec)
  local _, messages = Submit.start(call, group.run, {
    pipeline = sub.pipeline, spec = sub.spec, params = sub.params, request = sub.request,
    idem = "", queue = sub.queue, priority = lane.priority, countdown = 0, not_before = 0,
    expires = 0, wait = sub.wait, on_failure = sub.on_failure, depth = group.depth, inline = "",
    trace = "", lane = lane.id, trigger = group.trigger, triggers = Text.int(#matches),
    quiet = lane.quiet, model = sub.model,
  }, sub.steps)
  Ends.enlist(call, lane.id, group.run)
  Subscriptions.count(call, sub.name, "started")
  for _, message in ipairs(messages) do
    out[#out + 1] = message
  end
  return STARTING + #sub.steps / STEPS_PER_UNIT
end

-- Makes room for one more run: "start", "wait", "skip", or "more" when some are still to cancel.
local function room(call, lane)
  local live = call:key("live:", lane.id)
  local count = redis.call("ZCARD", live)
  if lane.limit == 0 or count < lane.limit then
    return "start"
  elseif lane.full ~= "replace" then
    return lane.full == "skip" and "skip" or "wait"
  end
  local surplus = count - lane.limit + 1
  for _, run in ipairs(redis.call("ZRANGE", live, 0, math.min(surplus, REPLACED_AT_ONCE) - 1)) do
    redis.call("ZREM", live, run)
    if Runs.get(call, run, "state") == "live" then
      Finish.cancel_run(call, run, "replaced by a later run of its subscription")
      Subscriptions.count(call, lane.sub.name, "replaced")
    end
  end
  return surplus > REPLACED_AT_ONCE and "more" or "start"
end

-- What must be there besides and is not, or nil.
local function lacking(call, lane)
  for _, ref in ipairs(References.unpack(lane.sub.requires)) do
    if not References.resolve(call, ref, "") then
      return ref.written
    end
  end
  return nil
end

local function fire_one(call, lane, group, slots, choice, out)
  local matches = {}
  for i, packed in ipairs(group) do
    matches[i] = Matches.unpack(packed)
  end
  if slots > 1 then
    table.sort(matches, function(a, b) return Text.before(a.id, b.id) end)
  end
  take(call, lane, group, slots)
  local run = describe(lane, matches)
  local skip = choice == "skip"
  for _, match in ipairs(matches) do
    Matches.note(call, lane, match, skip and "-skipped" or run.noted)
  end
  if skip then
    Subscriptions.count(call, lane.sub.name, "skipped", #matches)
    return 1 + #matches / MATCHES_PER_UNIT
  end
  return start(call, lane, matches, run, out) + #matches / MATCHES_PER_UNIT
end

-- Starts the runs of the groups that are complete, as far as there is room; their messages go
-- to `out`. Returns what was spent, and "more", or "blocked" when a group finds no room or lacks
-- what is required.
function Groups.fire(call, lane, slots, left, out)
  local spent, key = 0, Subscriptions.key(call, lane.sub.name)
  redis.call("HDEL", key, "lacks")
  local group = next_group(call, lane, slots)
  while group and spent < left do
    local lacks = lacking(call, lane)
    if lacks then
      redis.call("HSET", key, "lacks", lacks)
      return spent, "blocked"
    end
    local choice = room(call, lane)
    if choice == "more" then
      return spent + REPLACED_AT_ONCE, "more"
    elseif choice == "wait" then
      return spent, "blocked"
    end
    spent = spent + fire_one(call, lane, group, slots, choice, out)
    group = next_group(call, lane, slots)
  end
  return spent, group and "more"
end
