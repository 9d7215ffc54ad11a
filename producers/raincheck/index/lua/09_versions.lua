-- Publication and later entries: versions, metadata, tags, aliases.
--
-- Keys of this file: those of 02_references.lua, req:, see 01_requests.lua, and
--   arts  zset  artifact names, all with score 0   for ever

local Versions = {}

-- One version as the caller sends it: output, artifact, version or "", record,
-- has inline, inline, number of tags, tags, number of entries, per entry: key, raw
-- JSON, number or "".
function Versions.read_item(call)
  local item = {
    output = call:take(), artifact = call:take(), version = call:take(),
    record = call:take(), has_inline = call:take() == "1", inline = call:take(),
    tags = {}, entries = {},
  }
  for i = 1, call:number() do
    item.tags[i] = call:take()
  end
  item.entries = Versions.read_entries(call)
  return item
end

function Versions.read_entries(call)
  local entries = {}
  for i = 1, call:number() do
    entries[i] = { key = call:take(), raw = call:take(), number = call:take() }
  end
  return entries
end

-- What a change of a version brings about: its event, whose id is returned, and a look for
-- those it concerns.
function Versions.changed(call, kind, cause, artifact, version, ...)
  call.chosen = {} -- see 02_choosing.lua
  local event = call:announce(kind, cause, "a", artifact, "v", version, ...)
  call:mark_subscriptions(artifact)
  Waits.fire(call, "q:" .. artifact)
  return event
end

local function check_entries(entries)
  for _, entry in ipairs(entries) do
    if entry.number ~= "" and not Text.json_number(entry.number) then
      return { "INVALID", "metadata " .. entry.key .. " is not a finite number" }
    end
  end
  return nil
end

-- A chosen number may skip fewer than so many: each is looked at for who waits for it.
local MOST_SKIPPED = 1000

-- The number that an artifact's next version gets, when `given` numbers of siblings are
-- counted before it.
local function next_number(call, artifact, given)
  given[artifact] = given[artifact]
    or tonumber(redis.call("HGET", call:key("art:", artifact), "next") or "0")
  return Text.int(given[artifact] + 1)
end

local function check_version(call, item, given, taken)
  local version = item.version
  local expected = next_number(call, item.artifact, given)
  if version ~= "" then
    local name = item.artifact .. "@" .. version
    if taken[name]
      or redis.call("EXISTS", call:key("ver:", item.artifact, ":", version)) == 1 then
      return { "EXISTS", item.artifact, version }
    end
    if Deleted.find(call, item.artifact, version) then
      return Deleted.refusal(call, item.artifact, version)
    end
    taken[name] = true
    if not string.find(version, "^%d+$") then
      return nil
    end
    local ahead = tonumber(version) - tonumber(expected)
    if ahead < 0 or ahead >= MOST_SKIPPED or string.find(version, "^0") then
      return { "NUMBER", item.artifact, version, expected }
    end
    expected = version
  end
  given[item.artifact] = tonumber(expected)
  taken[item.artifact .. "@" .. expected] = true
  return nil
end

-- nil, or why the items cannot be published. Reads only.
function Versions.check(call, items)
  local given, taken = {}, {}
  for _, item in ipairs(items) do
    if not Records.digest(item.record) then
      return { "INVALID", "the record of " .. item.artifact
        .. " is not canonical JSON, which begins with its digest" }
    end
    local bad = check_version(call, item, given, taken) or check_entries(item.entries)
    if bad then
      return bad
    end
  end
  return nil
end

local function write_entry(call, artifact, key, sequence, entry)
  redis.call("HSET", key, "m:" .. entry.key, entry.raw)
  if entry.number ~= "" then
    -- Written anew: Lua reads `1e-400`, ZADD refuses it.
    local number = string.format("%.17g", Text.json_number(entry.number))
    redis.call("ZADD", call:key("best:", artifact, ":", entry.key), number,
      string.format("%016d", sequence))
  end
end

local function write_tag(call, artifact, version, key, sequence, tag)
  redis.call("HSET", key, "t:" .. tag, "1")
  redis.call("ZADD", call:key("tag:", artifact, ":", tag), sequence, version)
end

-- Counts up to a chosen number. Who waits for one that is skipped must hear that it cannot come.
local function count_up_to(call, art, artifact, version)
  local chosen = tonumber(version)
  local last = tonumber(redis.call("HGET", art, "next") or "0")
  redis.call("HSET", art, "next", version)
  for skipped = last + 1, chosen - 1 do
    Waits.fire(call, "v:" .. artifact .. "@" .. Text.int(skipped))
  end
end

-- Writes one checked item; returns its version name.
function Versions.write(call, item, cause)
  local art = call:key("art:", item.artifact)
  local version = item.version
  if version == "" then
    version = Text.int(redis.call("HINCRBY", art, "next", 1))
  elseif string.find(version, "^%d+$") then
    count_up_to(call, art, item.artifact, version)
  end
  local sequence = redis.call("HINCRBY", art, "seq", 1)
  if sequence == 1 then
    redis.call("HSET", art, "since", Moments.pack(call))
  end
  local key = call:key("ver:", item.artifact, ":", version)
  redis.call("HSET", key, "seq", Text.int(sequence), "rev", Text.int(call:revision()),
    "at", Text.int(call:stamp()))
  Records.write(call, key, item.record, cause and cause.run or "")
  if cause then
    local made = call:key("newest:", item.artifact)
    redis.call("HSET", key, "by", cause.pipeline, "run", cause.run)
    redis.call("HSETNX", made, "fp:" .. cause.pipeline, Text.int(sequence))
    local earlier = redis.call("HGET", made, "r:" .. cause.run)
    if earlier then
      redis.call("HSETNX", made, "fr:" .. cause.run,
        redis.call("HGET", call:key("ver:", item.artifact, ":", earlier), "seq"))
    end
    redis.call("HSET", made, "p:" .. cause.pipeline, version, "r:" .. cause.run, version)
  end
  if item.has_inline then
    redis.call("HSET", key, "inline", item.inline)
  end
  local model = Models.name_of(item.artifact)
  local names = model and call:key("models") or call:key("arts")
  redis.call("ZADD", names, 0, model or item.artifact)
  redis.call("ZADD", call:key("vers:", item.artifact), sequence, version)
  for _, entry in ipairs(item.entries) do
    write_entry(call, item.artifact, key, sequence, entry)
  end
  for _, tag in ipairs(item.tags) do
    write_tag(call, item.artifact, version, key, sequence, tag)
  end
  Waits.fire(call, "v:" .. item.artifact .. "@" .. version)
  Waits.fire(call, "n:" .. item.artifact)
  local event = Versions.changed(call, "published", cause, item.artifact, version,
    "s", Text.int(sequence))
  redis.call("HSET", key, "ev", event)
  return version
end

-- Later entries for a version, checked: nil, or why not. Metadata is written once;
-- the same value again is fine. `logged` holds what the same call logs before.
function Versions.check_metadata(call, artifact, version, entries, logged)
  local key, name = call:key("ver:", artifact, ":", version), artifact .. "@" .. version
  if redis.call("EXISTS", key) == 0 then
    return Overlay.unknown(call, artifact, version)
  end
  for _, entry in ipairs(entries) do
    local place = name .. "#" .. entry.key
    local old = redis.call("HGET", key, "m:" .. entry.key) or logged[place]
    if old and old ~= entry.raw then
      return { "CONFLICT", name, entry.key, old, entry.raw }
    end
    logged[place] = entry.raw
  end
  return check_entries(entries)
end

-- Notes since when a version has what it was not published with: who asks for an earlier
-- moment, or looks at an earlier event only now, must not find it.
local function came_later(call, key, field)
  redis.call("HSET", key, "l:" .. field, Moments.pack(call))
end

function Versions.write_metadata(call, artifact, version, entries, cause)
  local key = call:key("ver:", artifact, ":", version)
  local known = redis.call("HMGET", key, "seq", "in")
  local sequence = tonumber(known[1])
  for _, entry in ipairs(entries) do
    if not redis.call("HGET", key, "m:" .. entry.key) then
      write_entry(call, artifact, key, sequence, entry)
      came_later(call, key, "m:" .. entry.key)
      Waits.fire(call, "m:" .. artifact .. "@" .. version .. "#" .. entry.key)
      Versions.changed(call, "metadata", cause, artifact, version,
        "s", Text.int(sequence), "n", entry.key)
      Models.changed_member(call, known[2])
    end
  end
end

-- The cause of what a step does at once, outside its completion; nil when done by hand.
function Versions.cause_of(call, run)
  return run and run ~= "" and Runs.facts(call, run) and Runs.cause(call, run) or nil
end

function Versions.newest_or(call, artifact, version)
  if version ~= "" then
    return version
  end
  return redis.call("ZREVRANGE", call:key("vers:", artifact), 0, 0)[1] or ""
end

function Versions.dirty(call)
  return call.dirty and "1" or "0"
end

-- publish(request id, one item) -> {"DONE", version, revision, dirty}
-- | {"EXISTS", artifact, version} | {"NUMBER", artifact, version, next}
-- | {"DELETED", artifact, version, ms, who, why} | {"INVALID", why}
function Versions.publish(keys, args)
  local call = Call.open(keys, args)
  local request = call:take()
  local before = Requests.answered(call, request)
  if before then
    return before
  end
  local item = Versions.read_item(call)
  local refused = Versions.check(call, { item })
  if refused then
    return refused
  end
  return Requests.answer(call, request, Versions.write(call, item, nil))
end

-- log_metadata(artifact, version or "" for the newest, entries, run that does it or "")
-- -> {"DONE", version, revision, dirty} | {"UNKNOWN", artifact, version}
--  | {"DELETED", artifact, version, ms, who, why} | {"CONFLICT", version, key, old, new}
--  | {"INVALID", why}
function Versions.log_metadata(keys, args)
  local call = Call.open(keys, args)
  local artifact = call:take()
  local version = Versions.newest_or(call, artifact, call:take())
  local entries = Versions.read_entries(call)
  local refused = Versions.check_metadata(call, artifact, version, entries, {})
  if refused then
    return refused
  end
  Versions.write_metadata(call, artifact, version, entries, Versions.cause_of(call, call:take()))
  return { "DONE", version, Text.int(call:current_revision()), Versions.dirty(call) }
end

-- tag(artifact, version or "", tag, run that does it or "") -> {"DONE", version, revision, dirty}
-- | {"UNKNOWN", artifact, version} | {"DELETED", artifact, version, ms, who, why}
function Versions.tag(keys, args)
  local call = Call.open(keys, args)
  local artifact, version, tag = args[1], Versions.newest_or(call, args[1], args[2]), args[3]
  local key = call:key("ver:", artifact, ":", version)
  local sequence = redis.call("HGET", key, "seq")
  if not sequence then
    return Overlay.unknown(call, artifact, version)
  end
  if not redis.call("HGET", key, "t:" .. tag) then
    write_tag(call, artifact, version, key, tonumber(sequence), tag)
    came_later(call, key, "t:" .. tag)
    Versions.changed(call, "tag", Versions.cause_of(call, args[4]), artifact, version,
      "s", sequence, "n", tag)
  end
  return { "DONE", version, Text.int(call:current_revision()), Versions.dirty(call) }
end

redis.register_function("rc1_publish", Versions.publish)
redis.register_function("rc1_log_metadata", Versions.log_metadata)
redis.register_function("rc1_tag", Versions.tag)
