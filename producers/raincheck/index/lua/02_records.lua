-- Records: what the publisher of a version wrote down of it, canonical JSON, kept in little room.
--
-- What the versions of an artifact have in common is kept once, as a form: the record with marks
-- for its digest, its run, what it was made from, and its numbers of three and more digits. What
-- is left to a version is short, so that the server packs its hash. The text is never decoded;
-- one that its form would not give back, letter for letter, is kept as it is.
--
-- Keys of this file
--   forms        hash  form id -> the record with marks                as long as it has users
--   forms:users  hash  form id -> how many versions are of that form   as long as it has users
--   ver:<artifact>:<version>   the fields of `Records.FIELDS`; see 02_references.lua

local Records = {}
do -- what is local ends with the file: a chunk may hold 200

-- In the order in which `read` takes their values: `rec` the whole record, or what its form
-- leaves open: digest without `b3:`, form, numbers, what it was made from.
Records.FIELDS = { "rec", "dg", "fm", "nb", "mf", "run" }

-- Control characters stand in no canonical JSON.
local DIGEST, RUN, MADE_FROM, NUMBER = "\1", "\2", "\3", "\4"
-- Of the form's hash: whoever is unlucky enough to share it keeps the whole record.
local ID_LENGTH = 20
-- The longest value with which the server packs a hash, as it is configured by default.
local SHORT = 64

-- The digest of a record, which begins with it; nil for what is no record.
function Records.digest(record)
  return string.match(record, '^{"digest":"b3:(%x+)"')
end

local function fill(form, digest, run, made_from, numbers)
  local given, at = Text.split(numbers, ","), 0
  return (string.gsub(form, "[\1-\4]", function(mark)
    if mark == DIGEST then
      return digest
    elseif mark == RUN then
      return run
    elseif mark == MADE_FROM then
      return made_from
    end
    at = at + 1
    return given[at]
  end))
end

-- A record's form, and what is left to its version; nil when it has none.
local function divide(record, run)
  local digest, numbers = Records.digest(record), {}
  local form = string.gsub(record, digest, DIGEST)
  if run ~= "" then
    local named = '"run":"' .. run .. '"'
    local at = string.find(form, named, 1, true)
    form = at and string.sub(form, 1, at + 6) .. RUN .. string.sub(form, at + #named - 1) or form
  end
  local made_from = string.match(form, ',"inputs":(%[[^%]]*%])}$')
  if made_from then
    form = string.sub(form, 1, -#made_from - 2) .. MADE_FROM .. "}"
  end
  local short = string.gsub(form, "%d%d%d+", function(number)
    numbers[#numbers + 1] = number
    return NUMBER
  end)
  numbers = table.concat(numbers, ",")
  if #numbers > SHORT then
    short, numbers = form, ""
  end
  if fill(short, digest, run, made_from or "", numbers) ~= record then
    return nil
  end
  return short, digest, numbers, made_from
end

-- Writes a record into a version's hash; `run` is that of its publication, or "".
function Records.write(call, key, record, run)
  local form, digest, numbers, made_from = divide(record, run)
  local forms = call:key("forms")
  local id = form and string.sub(redis.sha1hex(form), 1, ID_LENGTH)
  local there = id and redis.call("HGET", forms, id)
  if not form or there and there ~= form then
    redis.call("HSET", key, "rec", record)
    return
  end
  if not there then
    redis.call("HSET", forms, id, form)
  end
  redis.call("HINCRBY", call:key("forms:users"), id, 1)
  redis.call("HSET", key, "dg", digest, "fm", id)
  if numbers ~= "" then
    redis.call("HSET", key, "nb", numbers)
  end
  if made_from then
    redis.call("HSET", key, "mf", made_from)
  end
end

-- The record from the values of `Records.FIELDS`, of which the first stands at `at`.
function Records.read(call, values, at)
  local rec, digest, id, numbers, made_from, run = unpack(values, at)
  if rec or not id then
    return rec -- false of a version that is not there
  end
  local form = call.forms[id] or redis.call("HGET", call:key("forms"), id)
  call.forms[id] = form -- the same for ever: the id is its hash
  return fill(form, digest, run or "", made_from or "", numbers or "")
end

-- Two fields of a version's hash, and what is known of the version: its sequence and its record,
-- which are read once in a call, since references of one step often mean one version.
function Records.look(call, key, first, second)
  local known = call.records[key]
  if known then
    return known, redis.call("HMGET", key, first, second)
  end
  local v = redis.call("HMGET", key, first, second, "seq", unpack(Records.FIELDS))
  known = { sequence = v[3], record = Records.read(call, v, 4) }
  call.records[key] = known
  return known, v
end

-- The digest from the values of the first two of `Records.FIELDS`.
function Records.digest_of(rec, digest)
  return digest or Records.digest(rec)
end

-- Lets a record that nobody will refer to any more stand by itself: its form has a user less.
function Records.leave_form(call, key)
  local values = redis.call("HMGET", key, unpack(Records.FIELDS))
  if values[1] then
    return
  end
  redis.call("HSET", key, "rec", Records.read(call, values, 1))
  redis.call("HDEL", key, "dg", "fm", "nb", "mf")
  if redis.call("HINCRBY", call:key("forms:users"), values[3], -1) == 0 then
    redis.call("HDEL", call:key("forms"), values[3])
    redis.call("HDEL", call:key("forms:users"), values[3])
  end
end

local NOT_SHOWN = { inline = true, rec = true, dg = true, fm = true, nb = true, mf = true }

-- Adds the fields of a version's hash with their values to a list: its record whole, its bytes
-- left out. Nothing when there is none.
function Records.add_fields(call, key, out)
  local stored = redis.call("HGETALL", key)
  if not stored[1] then
    return out
  end
  local record = redis.call("HMGET", key, unpack(Records.FIELDS))
  out[#out + 1] = "rec"
  out[#out + 1] = Records.read(call, record, 1)
  for i = 1, #stored, 2 do
    if not NOT_SHOWN[stored[i]] then
      out[#out + 1] = stored[i]
      out[#out + 1] = stored[i + 1]
    end
  end
  return out
end

-- versions(artifact, version, artifact, version...) -> for each {field, value...}, none for one
-- that is not there
function Records.versions(keys, args)
  local call, out = Call.open(keys, args), {}
  for i = 1, #args, 2 do
    out[#out + 1] = Records.add_fields(call, call:key("ver:", args[i], ":", args[i + 1]), {})
  end
  return out
end

redis.register_function({
  function_name = "rc1_versions", callback = Records.versions, flags = { "no-writes" },
})

end
