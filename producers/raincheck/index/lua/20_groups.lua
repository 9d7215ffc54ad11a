-- Groups: matches gather in a lane, and each group of them starts one run.
--
-- A run's id comes from its events, and matches and runs are written in one script with the
-- cursor: an event starts its run once, whatever dies and however often this is repeated.
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

local Groups = {}

-- Matches of one run: its record lists them. Of a group of the newest the oldest fall out.
local LISTED = 256
-- Units of work, of which `wake` may spend so many: one is about 0.05 ms.
local STARTING, STEPS_PER_UNIT, MATCHES_PER_UNIT = 3, 40, 16
local REPLACED_AT_ONCE = 16 -- runs that make room for later ones

-- The live lane of a subscription, or that of a backfill with its number and options.
function Groups.lane(sub, fill)
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

local function note(call, lane, match, outcome)
  local field = match.k == "alias" and "@" .. match.id or match.v
  redis.call("HSET", call:key("matched:", lane.sub.name, "+", lane.gen, ":", match.a), field,
    outcome)
end

-- Whether the lane has had an event, or a version by another of its events.
function Groups.known(call, lane, match)
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

local function unpack_match(packed)
  local f = Text.split(packed, FIELD)
  return { id = f[1], k = f[2], a = f[3], v = f[4], s = f[5], d = f[6], t = f[7],
    packed = packed }
end

local function supersede(call, lane, packed)
  note(call, lane, unpack_match(packed), "-superseded")
  Subscriptions.count(call, lane.sub.name, "superseded")
end

-- A backfill has come to its end: parts of an all_of that lack the others go to the live lane,
-- unless a match is there already, which is newer.
function Groups.hand_over(call, lane)
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

-- Takes an event that satisfies a condition into the lane, once.
function Groups.accept(call, lane, event, condition, slots)
  if Groups.known(call, lane, event) then
    return
  end
  local name, why = lane.sub.name, refusal(lane, event)
  Subscriptions.count(call, name, "matched")
  if why then
    note(call, lane, event, "-" .. why)
    Subscriptions.count(call, name, why)
    return
  end
  note(call, lane, event, "")
  if slots == 1 then
    local pending = call:key("pend:", lane.id)
    if redis.call("RPUSH", pending, pack(event)) > LISTED and lane.sub.group == "newest" then
      supersede(call, lane, redis.call("LPOP", pending))
    end
    return
  end
  local before = redis.call("HGET", call:key("join:", lane.id), condition.slot)
  if before then
    supersede(call, lane, before)
  end
  redis.call("HSET", call:key("join:", lane.id), condition.slot, pack(event))
end

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
  local first = unpack_match(redis.call("LINDEX", call:key("pend:", lane.id), 0))
  local due = tonumber(first.t) + tonumber(lane.sub.window)
  if due <= call:now() then
    return length
  end
  Runs.timer(call, "s|" .. lane.id, Text.int(due))
  return 0
end

-- The next group without taking it: its packed matches, or nil.
local function next_group(call, lane, slots)
  if slots > 1 then
    local found = {}
    for slot = 1, slots do
      found[slot] = redis.call("HGET", call:key("join:", lane.id), Text.int(slot))
      if not found[slot] then
        return nil
      end
    end
    return found
  end
  local pending = call:key("pend:", lane.id)
  local length = redis.call("LLEN", pending)
  local count = length > 0 and Ready[lane.sub.group](call, lane, length) or 0
  return count > 0 and redis.call("LRANGE", pending, 0, count - 1) or nil
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
    run = prefix .. (own and last.a .. "@" .. last.v or last.id),
    noted = own and "." or "+" .. last.id, depth = Text.int(depth + 1),
    trigger = table.concat(listed, ITEM),
  }
end

local function read_steps(call, sub)
  local v = redis.call("HMGET", call:key("spec:", sub.spec), "steps", "needs")
  local steps, needs = {}, Text.split(v[2], " ")
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
    quiet = lane.quiet,
  }, sub.steps)
  redis.call("ZADD", call:key("live:", lane.id), Text.int(call:now()), group.run)
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
    matches[i] = unpack_match(packed)
  end
  if slots > 1 then
    table.sort(matches, function(a, b) return Text.before(a.id, b.id) end)
  end
  take(call, lane, group, slots)
  local run = describe(lane, matches)
  local skip = choice == "skip"
  for _, match in ipairs(matches) do
    note(call, lane, match, skip and "-skipped" or run.noted)
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
