-- Lists of versions: filtered, in an order, a page at a time, without a look at all of them.
--
-- A page begins after a place: the sequence of the version looked at last, in the order of a
-- metadata key its number, too. A place is a value and no count, so versions that are
-- published meanwhile neither repeat nor hide what was there before.
--
-- One call looks at as many candidates as its budget allows and says where it stopped; the
-- caller goes on there.
--
-- Keys of this file: none of its own; it reads those of 02_references.lua

local Listing = {}
do -- what is local ends with the file: a chunk may hold 200

-- Rows read at once; candidates that a call puts in order itself, about 1 ms.
local ROWS, GATHERED = 128, 500

-- What is read of a candidate, and what must hold of it.
function Listing.require(list, field, holds)
  list.fields[#list.fields + 1] = field
  list.checks[#list.checks + 1] = holds
end

function Listing.unpack(call)
  local list = {
    artifact = call:take(), order = call:take(), ranked = call:take(), fields = {}, checks = {},
    terms = {},
  }
  list.prefix = call:key("ver:", list.artifact, ":")
  list.versions = call:key("vers:", list.artifact)
  local sequence, score = call:number(), call:take()
  list.place = sequence and { sequence = sequence, score = score }
  list.wanted, list.budget = call:number(), call:number()
  list.tag = call:take()
  local pipeline, run, from, till = call:take(), call:take(), call:number(), call:number()
  list.timed = from or till
  list.low = from and Backfill.last_before(call, list.artifact, "at", from - 1) + 1 or 1
  list.high = till and Backfill.last_before(call, list.artifact, "at", till - 1) or math.huge
  if list.tag ~= "" then
    Listing.require(list, "t:" .. list.tag, function(value) return value end)
  end
  if pipeline ~= "" then
    Listing.require(list, "by", function(value) return value == pipeline end)
  end
  if run ~= "" then
    Listing.require(list, "run", function(value) return value == run end)
  end
  for i, packed in ipairs(Text.split(call:take(), TERM)) do
    local term = Text.split(packed, PART)
    list.terms[i] = { key = term[1], operator = term[2], value = term[3] }
    Listing.require(list, "m:" .. term[1], function(value)
      return Candidates.holds(value, term[2], term[3])
    end)
  end
  return list
end

-- Whether a row comes before another in the list.
function Listing.before(list, a, b)
  if list.ranked ~= "" then
    local x, y = tonumber(a.score), tonumber(b.score)
    if x ~= y then
      if list.order == "min" then
        return x < y
      end
      return x > y
    end
  elseif list.order == "oldest" then
    return a.sequence < b.sequence
  end
  return a.sequence > b.sequence
end

-- All rows of a small source after the place, in the list's order.
function Listing.gather(call, list, source)
  local rows, ranking = {}, call:key("best:", list.artifact, ":", list.ranked)
  for _, row in ipairs(Sources.rows(source, source.first, source.last - 1, {})) do
    if list.ranked ~= "" and source.key ~= list.ranked then
      row.score = redis.call("ZSCORE", ranking, string.format("%016d", row.sequence))
    end
    local listed = list.ranked == "" or row.score
    if listed and (not list.place or Listing.before(list, list.place, row)) then
      rows[#rows + 1] = row
    end
  end
  table.sort(rows, function(a, b) return Listing.before(list, a, b) end)
  return rows
end

-- The version of a row with its fields, without its bytes; nil when it is not on the list.
function Listing.match(call, list, row)
  if row.sequence < list.low or row.sequence > list.high then
    return nil
  end
  local version = row.version
    or redis.call("ZRANGEBYSCORE", list.versions, row.sequence, row.sequence)[1]
  local key = list.prefix .. version
  local values = list.fields[1] and redis.call("HMGET", key, unpack(list.fields))
  for i, holds in ipairs(list.checks) do
    if not holds(values[i]) then
      return nil
    end
  end
  return Records.add_fields(call, key, { version })
end

-- list(artifact, newest | oldest | min | max, metadata key for the last two or "", place:
--   sequence or "", number or "", versions wanted, budget, tag, pipeline, run, from, till
--   (ms), conditions; each filter "" for none)
-- -> {candidates looked at, "1" when there are more, place: sequence, number,
--     per version: {its name, field, value...}}
function Listing.list(keys, args)
  local call = Call.open(keys, args)
  local list = Listing.unpack(call)
  local main, least = Sources.sources(call, list)
  local gathered, size = nil, least and math.max(0, least.last - least.first)
  -- A walk meets one of them among `main / least`, so a page costs it about `wanted` times that.
  if least and size <= GATHERED and size * size <= list.wanted * (main.last - main.first) then
    gathered = size > 0 and Listing.gather(call, list, least) or {}
  end
  local page, looked = {}, 0
  local function rows(most)
    if gathered then
      return { unpack(gathered, looked + 1, math.min(#gathered, looked + most)) }
    end
    return Sources.walk[list.order](main, list.place, most)
  end
  local found = rows(math.min(ROWS, list.budget))
  while found[1] and #page < list.wanted and looked < list.budget do
    for _, row in ipairs(found) do
      looked, list.place = looked + 1, row
      page[#page + 1] = Listing.match(call, list, row)
      if #page == list.wanted then
        break
      end
    end
    found = rows(math.max(1, math.min(ROWS, list.budget - looked)))
  end
  local place = list.place or {}
  return {
    looked + (gathered and size or 0), found[1] and "1" or "0",
    place.sequence and Text.int(place.sequence) or "", place.score or "", page,
  }
end

redis.register_function({
  function_name = "rc1_list", callback = Listing.list, flags = { "no-writes" },
})

end
