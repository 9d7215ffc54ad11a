-- Deletion: a version is no answer any more, of now or of any moment. What stays of it says so for
-- ever, and keeps its name from being used again. Who was given it before reads it for a time.
--
-- The bytes of blobs are not touched: they are addressed by content, and versions share them.
--
-- Keys of this file: those of 01_deleted.lua, which it writes, and of 02_references.lua and
-- 29_members.lua, of which it takes the version away

local Deletion = {}
do -- what is local ends with the file: a chunk may hold 200

-- How long those who were given the version may still read it.
local GRACE = DAY
-- Versions that one call may look at for the one that is the newest of its pipeline afterwards,
-- and as many for that of its run: 1,000 in all are about 1 ms.
local LOOKED_AT = 500
local CHUNK = 64
local BY_LIMIT, WHY_LIMIT = 200, 1000 -- bytes

-- The aliases that name it: they go with it, if `force` is given and whoever deletes it may move
-- each of them.
local function held_by_aliases(call, d)
  local aliases = redis.call("HGETALL", call:key("alias:", d.artifact))
  for i = 1, #aliases, 2 do
    if aliases[i + 1] == d.version then
      d.moves[#d.moves + 1] = {
        how = "remove", artifact = d.artifact, alias = aliases[i], from = d.version, to = "",
        by = d.by, why = d.why, cause = d.cause,
      }
    end
  end
  table.sort(d.moves, function(a, b) return a.alias < b.alias end)
  if #d.moves > 0 and not d.force then
    local names = {}
    for i, move in ipairs(d.moves) do
      names[i] = move.alias
    end
    return { "ALIASED", d.artifact, d.version, table.concat(names, " ") }
  end
  for _, move in ipairs(d.moves) do
    local refused = Versions.check_move(call, move)
    if refused then
      return refused
    end
  end
  return nil
end

-- The versions of models that it is linked to: it leaves them, if `force` is given.
local function held_by_models(_, d)
  if d.linked ~= "" and not d.force then
    return { "LINKED", d.artifact, d.version, d.linked }
  end
  return nil
end

-- What may keep a version from being deleted, in the order in which it is told: each reads, and
-- returns a refusal or nil.
local HOLDS = { held_by_aliases, held_by_models }

-- The newest version before a place that has a value in a field, down to a floor, or nil; where
-- to go on, and whether it came to an end.
local function look_down(call, d, field, value, place, floor)
  local key, looked = call:key("vers:", d.artifact), 0
  while looked < LOOKED_AT do
    local rows = redis.call("ZREVRANGEBYSCORE", key, "(" .. place, floor, "WITHSCORES",
      "LIMIT", 0, CHUNK)
    for i = 1, #rows, 2 do
      if redis.call("HGET", call:key("ver:", d.artifact, ":", rows[i]), field) == value then
        return rows[i], Text.int(tonumber(rows[i + 1]) + 1), true
      end
      place = rows[i + 1]
    end
    if #rows < 2 * CHUNK then
      return nil, floor, true
    end
    looked = looked + CHUNK
  end
  return nil, place, false
end

-- Who is the newest of a pipeline, or of a run, afterwards: nil when the version is not the newest
-- now. Looking for the next may take more than one call: the caller then says how far the ones
-- before came. What they looked at is of other pipelines, and stays so.
local function find_heir(call, d, letter, field, place)
  local value = d.of[field]
  if not value or value == "" then
    return nil
  end
  local newest = call:key("newest:", d.artifact)
  local now = redis.call("HMGET", newest, letter .. ":" .. value, "f" .. letter .. ":" .. value)
  if now[1] ~= d.version then
    return nil
  end
  local heir = { key = newest, name = letter .. ":" .. value, place = "", ended = true }
  -- Of a run with one version no floor is kept: it has no other.
  if now[2] then
    heir.version, heir.place, heir.ended = look_down(call, d, field, value,
      place ~= "" and place or d.sequence, now[2])
  end
  return heir
end

local function take_over(heir)
  if not heir then
    return
  elseif heir.version then
    redis.call("HSET", heir.key, heir.name, heir.version)
  else
    redis.call("HDEL", heir.key, heir.name, "f" .. heir.name)
  end
end

local function take_from_lists(call, d)
  local member = string.format("%016d", tonumber(d.sequence))
  for _, field in ipairs(redis.call("HKEYS", d.key)) do
    local kind, name = string.match(field, "^([mt]):(.*)$")
    if kind == "m" then
      redis.call("ZREM", call:key("best:", d.artifact, ":", name), member)
    elseif kind == "t" then
      redis.call("ZREM", call:key("tag:", d.artifact, ":", name), d.version)
    end
  end
  local versions = call:key("vers:", d.artifact)
  redis.call("ZREM", versions, d.version)
  if redis.call("EXISTS", versions) == 0 then
    local model = Models.name_of(d.artifact)
    redis.call("ZREM", call:key(model and "models" or "arts"), model or d.artifact)
  end
end

-- What stays, and the record for those who were given the version.
local function bury(call, d)
  local v = redis.call("HMGET", d.key, "rev", "at", "rec", "dg", "unlisted")
  redis.call("HSET", call:key("gone:", d.artifact), d.version, table.concat({
    d.sequence, v[1], v[2], "b3:" .. Records.digest_of(v[3], v[4]), Text.int(call:revision()),
    Text.int(call:stamp()), d.by, d.why, v[5] or "0",
  }, FIELD))
  Records.leave_form(call, d.key)
  local late = call:key("late:", d.artifact, ":", d.version)
  redis.call("RENAME", d.key, late)
  redis.call("PEXPIREAT", late, Text.int(call:now() + GRACE))
end

local function refusal(call, d)
  if not d.sequence then
    return Deleted.refusal(call, d.artifact, d.version)
  end
  if #d.by > BY_LIMIT or #d.why > WHY_LIMIT or string.find(d.by .. d.why, "[\28-\31]") then
    return { "INVALID", "who deletes a version takes 200 bytes, and why 1,000, at most, and "
      .. "neither holds control characters" }
  end
  for _, holds in ipairs(HOLDS) do
    local refused = holds(call, d)
    if refused then
      return refused
    end
  end
  return nil
end

local function remove(call, d, heirs)
  for _, move in ipairs(d.moves) do
    Versions.move_alias(call, move)
  end
  take_from_lists(call, d)
  Models.forget(call, d)
  take_over(heirs.p)
  take_over(heirs.r)
  bury(call, d)
  Versions.changed(call, "deleted", d.cause, d.artifact, d.version, "s", d.sequence, "u", d.by,
    "y", d.why)
  Waits.deleted(call, d.artifact, d.version)
end

local function unpack_request(call)
  local d = {
    request = call:take(), artifact = call:take(), version = call:take(),
    force = call:take() == "1", by = call:take(), why = call:take(), moves = {},
  }
  d.cause = Versions.cause_of(call, call:take())
  d.key = call:key("ver:", d.artifact, ":", d.version)
  local v = redis.call("HMGET", d.key, "seq", "by", "run", "in")
  d.sequence, d.of, d.linked = v[1], { by = v[2], run = v[3] }, v[4] or ""
  return d
end

-- delete_version(request id, artifact, version, "1" to take it from aliases and models, who, why,
--   run that does it or "", how far looking for its heirs came: of its pipeline, of its run; ""
--   at first)
-- -> {"DONE", version, revision, dirty, ms, aliases that were removed, versions of models that it
--     was taken from}
--  | {"LOOK", how far it came for its pipeline, for its run}: nothing is written; call again
--  | {"UNKNOWN", artifact, version} | {"DELETED", artifact, version, ms, who, why}
--  | {"ALIASED", artifact, version, aliases} | {"LINKED", artifact, version, versions of models}
--  | {"GUARDED", ...}, see promote in 25_promotion.lua
--  | {"INVALID", why}
function Deletion.delete_version(keys, args)
  local call = Call.open(keys, args)
  local d = unpack_request(call)
  local refused = Requests.answered(call, d.request) or refusal(call, d)
  if refused then
    return refused
  end
  local heirs = {
    p = find_heir(call, d, "p", "by", call:take()), r = find_heir(call, d, "r", "run", call:take()),
  }
  if heirs.p and not heirs.p.ended or heirs.r and not heirs.r.ended then
    return { "LOOK", heirs.p and heirs.p.place or "", heirs.r and heirs.r.place or "" }
  end
  remove(call, d, heirs)
  local aliases = {}
  for i, move in ipairs(d.moves) do
    aliases[i] = move.alias
  end
  local at = Text.int(call:stamp())
  return Requests.answer(call, d.request, d.version, at, table.concat(aliases, " "), d.linked)
end

redis.register_function("rc1_delete_version", Deletion.delete_version)

end
