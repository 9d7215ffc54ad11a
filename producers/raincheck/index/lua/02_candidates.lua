-- Candidates: the versions that a selector names, in its order, with those that were there at
-- a moment. The newest come first, of `best` the best; of equals the newest.
--
-- Keys: see 02_references.lua

local Candidates = {}
do -- what is local ends with the file: a chunk may hold 200

-- Versions that one reference may look at: 1,000 are 0.9 ms.
local LOOK_LIMIT = 1000
-- Versions that one reference may stand for.
local LIST_LIMIT = 100
local CHUNK = 64

-- The members of a sorted set from the greatest score down, one at each call, then nil.
local function descending(key, offset)
  local chunk, at = {}, 0
  return function()
    at = at + 1
    if not chunk[at] then
      local last = Text.int(offset + CHUNK - 1)
      chunk, at = redis.call("ZREVRANGE", key, Text.int(offset), last), 1
      offset = offset + CHUNK
    end
    return chunk[at]
  end
end

-- The same from the least score up, but of equal scores the greatest member first.
local function ascending(key)
  local score = redis.call("ZRANGE", key, 0, 0, "WITHSCORES")[2]
  local chunk, at, offset = {}, 0, 0
  return function()
    at = at + 1
    while score and not chunk[at] do
      local skipped = Text.int(offset)
      chunk = redis.call("ZREVRANGEBYSCORE", key, score, score, "LIMIT", skipped, CHUNK)
      at, offset = 1, offset + CHUNK
      if #chunk == 0 then
        score = redis.call("ZRANGEBYSCORE", key, "(" .. score, "+inf", "WITHSCORES",
          "LIMIT", 0, 1)[2]
        offset = 0
      end
    end
    return chunk[at]
  end
end

-- Where the candidates of each kind come from: a function that gives one version at each call.
local From = {}

function From.newest(call, ref, moment)
  local key = call:key("vers:", ref.artifact)
  local skipped = moment and redis.call("ZCARD", key) - Moments.count(call, ref.artifact, moment)
  return descending(key, skipped or 0)
end

From.l, From.w = From.newest, From.newest
From.p, From.r = From.newest, From.newest

function From.t(call, ref)
  return descending(call:key("tag:", ref.artifact, ":", ref.argument), 0)
end

function From.b(call, ref)
  local key = call:key("best:", ref.artifact, ":", ref.argument)
  local next_one = ref.second == "min" and ascending(key) or descending(key, 0)
  return function()
    local member = next_one()
    if not member then
      return nil
    end
    local sequence = Text.int(tonumber(member))
    return redis.call("ZRANGEBYSCORE", call:key("vers:", ref.artifact), sequence, sequence)[1]
  end
end

-- What a version must have, and must have had by then: fields of its record, and a function
-- of their values; nil when there is nothing.
local Having = {}

local function came_by_then(v, moment)
  return Moments.there(v[1], moment)
end

function Having.t(ref)
  return { "l:t:" .. ref.argument }, came_by_then
end

function Having.b(ref)
  return { "l:m:" .. ref.argument }, came_by_then
end

function Having.p(ref)
  return { "by" }, function(v) return v[1] == ref.argument end
end

function Having.r(ref)
  return { "run" }, function(v) return v[1] == ref.argument end
end

function Having.w(ref)
  local terms, fields = Text.split(ref.argument, TERM), {}
  for i, term in ipairs(terms) do
    terms[i] = Text.split(term, PART)
    fields[2 * i - 1] = "m:" .. terms[i][1]
    fields[2 * i] = "l:m:" .. terms[i][1]
  end
  return fields, function(v, moment)
    for i, term in ipairs(terms) do
      local value = Moments.there(v[2 * i], moment) and v[2 * i - 1]
      if not Candidates.holds(value, term[2], term[3]) then
        return false
      end
    end
    return true
  end
end

local Compare = {
  lt = function(a, b) return a < b end,
  le = function(a, b) return a <= b end,
  gt = function(a, b) return a > b end,
  ge = function(a, b) return a >= b end,
}

-- Whether one metadata value, raw JSON or false, satisfies a condition.
function Candidates.holds(raw, operator, wanted)
  if not raw then
    return false
  end
  if operator == "exists" then
    return true
  end
  local a, b = Text.json_number(raw), Text.json_number(wanted)
  if operator == "eq" then
    return raw == wanted or (a ~= nil and a == b)
  end
  return a ~= nil and b ~= nil and Compare[operator](a, b)
end

local function judge(call, ref, moment)
  local fields, has = {}, nil
  if Having[ref.kind] then
    fields, has = Having[ref.kind](ref)
  end
  local count = #fields
  if moment then
    fields[count + 1], fields[count + 2] = "rev", "at"
  end
  return function(version)
    if #fields == 0 then
      return true
    end
    local key = call:key("ver:", ref.artifact, ":", version)
    local v = redis.call("HMGET", key, unpack(fields))
    local was_there = Moments.includes(moment, v[count + 1], v[count + 2])
    return was_there and (not has or has(v, moment))
  end
end

-- The first `wanted` versions that a reference names; "too-selective" when that many are not
-- among those that may be looked at, and nobody can say that there are no more.
function Candidates.first(call, ref, moment, wanted)
  local next_one, fits = From[ref.kind](call, ref, moment), judge(call, ref, moment)
  local found, looked = {}, 0
  while #found < wanted do
    local version = next_one()
    if not version then
      return found
    end
    looked = looked + 1
    if looked > LOOK_LIMIT then
      return nil, "too-selective"
    end
    if fits(version) then
      found[#found + 1] = version
    end
  end
  return found
end

-- The list that a reference with a `take` stands for, or nil and why there is none.
function Candidates.list(call, ref, moment)
  local all = ref.take == "all"
  local wanted = all and LIST_LIMIT + 1 or tonumber(ref.take)
  local found, why = Candidates.first(call, ref, moment, wanted)
  if found and #found > LIST_LIMIT then
    return nil, "too-many"
  end
  return found, why
end

end
