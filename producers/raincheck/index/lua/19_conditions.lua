-- Conditions: whether an event is one that a subscription is for.
--
-- A packed condition is these fields, joined by FIELD; conditions are joined by ITEM:
--   slot, kind, artifact, alias, tag, pipeline, changed ("1"), terms (as of a `where`)
-- kinds: v a version, at the first of its events at which all of it holds
--        a a move of the alias, each of them
-- Slots are the parts of an `all_of`; whatever else there is shares the slot 1. No artifact is
-- in two slots.
--
-- Keys (read only): ver:, vers:, see 02_references.lua

local Conditions = {}

-- Conditions by artifact.
function Conditions.unpack(packed)
  local by_artifact, slots = {}, 0
  for _, item in ipairs(Text.split(packed, ITEM)) do
    local f = Text.split(item, FIELD)
    local condition = {
      slot = f[1], kind = f[2], artifact = f[3], alias = f[4], tag = f[5], by = f[6],
      changed = f[7] == "1", terms = {},
    }
    for i, term in ipairs(Text.split(f[8], TERM)) do
      condition.terms[i] = Text.split(term, PART)
    end
    by_artifact[f[3]] = by_artifact[f[3]] or {}
    table.insert(by_artifact[f[3]], condition)
    slots = math.max(slots, tonumber(f[1]))
  end
  return by_artifact, slots
end

-- Whether the version's digest is another than that of the version before it.
local function differs(call, artifact, sequence, digest)
  local before = redis.call("ZREVRANGEBYSCORE", call:key("vers:", artifact), "(" .. sequence,
    "-inf", "LIMIT", 0, 1)[1]
  if not before then
    return true
  end
  local earlier = redis.call("HMGET", call:key("ver:", artifact, ":", before), "rec", "dg")
  return Records.digest_of(unpack(earlier)) ~= digest
end

-- A tag or an entry, if the version had it at an event; false if it came later. What is looked
-- at late must be judged alike: an own event would hide a later one that is not. A backfill
-- looks at versions as they are now: its events are of no moment.
local function by_then(value, later, event)
  return value and Moments.there(later, event.by_then) and value
end

local function holds(call, condition, event)
  local of_alias = event.k == "alias"
  if event.k == "unalias" or (condition.kind == "a") ~= of_alias
    or of_alias and event.n ~= condition.alias then
    return false
  end
  local asked = { "seq", "by", "t:" .. condition.tag, "l:t:" .. condition.tag }
  for _, term in ipairs(condition.terms) do
    asked[#asked + 1] = "m:" .. term[1]
    asked[#asked + 1] = "l:m:" .. term[1]
  end
  local key = call:key("ver:", event.a, ":", event.v)
  local v = redis.call("HMGET", key, unpack(asked))
  if not v[1] or condition.by ~= "" and v[2] ~= condition.by
    or condition.tag ~= "" and not by_then(v[3], v[4], event) then
    return false
  end
  for i, term in ipairs(condition.terms) do
    local value = by_then(v[3 + 2 * i], v[4 + 2 * i], event)
    if not Candidates.holds(value, term[2], term[3]) then
      return false
    end
  end
  if not condition.changed then
    return true
  end
  local record = redis.call("HMGET", key, "rec", "dg")
  return differs(call, event.a, v[1], Records.digest_of(unpack(record)))
end

-- The first condition that an event satisfies, or nil; how many were looked at.
function Conditions.match(call, by_artifact, event)
  local all = by_artifact[event.a] or {}
  for i, condition in ipairs(all) do
    if holds(call, condition, event) then
      return condition, i
    end
  end
  return nil, #all
end
