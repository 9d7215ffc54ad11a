-- Where a list of versions takes its candidates from: the smallest of what is sorted already.
-- All versions, those with a tag, those whose number under a metadata key is in a range.
--
-- A row is a version's sequence with its name or, from a ranking, its number as text.
--
-- Keys of this file: none of its own; it reads those of 02_references.lua

local Sources = {}
do -- what is local ends with the file: a chunk may hold 200

-- How many of a sorted set come before a score, with its equals; without them after a `(`.
function Sources.count(set, score)
  return redis.call("ZCOUNT", set, "-inf", score)
end

-- A source: a sorted set and the ranks in it, from `first` to before `last`, that the list
-- may hold. This is one by sequence, within the times.
function Sources.by_sequence(list, set)
  return {
    set = set, first = Sources.count(set, "(" .. Text.int(list.low)),
    last = list.high == math.huge and redis.call("ZCARD", set)
      or Sources.count(set, Text.int(list.high)),
  }
end

-- One by the numbers under a metadata key, within the conditions on it.
function Sources.by_number(call, list, key)
  local set = call:key("best:", list.artifact, ":", key)
  local source = { set = set, key = key, first = 0, last = redis.call("ZCARD", set) }
  for _, term in ipairs(list.terms) do
    local operator, number = term.operator, Text.json_number(term.value)
    if term.key == key and number then
      local score = string.format("%.17g", number)
      if operator == "gt" or operator == "ge" or operator == "eq" then
        local before = Sources.count(set, (operator == "gt" and "" or "(") .. score)
        source.first = math.max(source.first, before)
      end
      if operator == "lt" or operator == "le" or operator == "eq" then
        local upto = Sources.count(set, (operator == "lt" and "(" or "") .. score)
        source.last = math.min(source.last, upto)
      end
    end
  end
  return source
end

-- The source that is in the list's order, and a smaller one that is not, or nil.
function Sources.sources(call, list)
  local all, tagged = list.versions, call:key("tag:", list.artifact, ":", list.tag)
  local others, main = {}, nil
  if list.ranked == "" then
    main = Sources.by_sequence(list, list.tag == "" and all or tagged)
  else
    main = Sources.by_number(call, list, list.ranked)
    if list.tag ~= "" or list.timed then
      others[1] = Sources.by_sequence(list, list.tag == "" and all or tagged)
    end
  end
  for _, term in ipairs(list.terms) do
    if term.operator ~= "exists" and Text.json_number(term.value) then
      others[#others + 1] = Sources.by_number(call, list, term.key)
    end
  end
  local least
  for _, source in ipairs(others) do
    if source.last - source.first < (least or main).last - (least or main).first then
      least = source
    end
  end
  return main, least
end

-- Rows of a source by rank, both included; backwards when the first is above the last.
function Sources.rows(source, from, to, out)
  local command = from > to and "ZREVRANGE" or "ZRANGE"
  if from > to then
    local count = redis.call("ZCARD", source.set)
    from, to = count - 1 - from, count - 1 - to
  end
  local found = redis.call(command, source.set, from, to, "WITHSCORES")
  for i = 1, #found, 2 do
    out[#out + 1] = source.key and { sequence = tonumber(found[i]), score = found[i + 1] }
      or { sequence = tonumber(found[i + 1]), version = found[i] }
  end
  return out
end

-- How many of a source come before the place in the set's own order; of equal numbers an
-- earlier sequence comes first there. The place itself need not be in it.
function Sources.rank(source, place)
  if not source.key then
    return Sources.count(source.set, "(" .. Text.int(place.sequence))
  end
  local low, high = Sources.count(source.set, "(" .. place.score),
    Sources.count(source.set, place.score)
  local member = string.format("%016d", place.sequence)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call("ZRANGE", source.set, middle, middle)[1] < member then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

-- The next rows after the place, each order's way to read its source.
Sources.walk = {}

local function backwards(source, place, most)
  local last = place and math.min(source.last, Sources.rank(source, place)) or source.last
  local first = math.max(source.first, last - most)
  if first >= last then
    return {}
  end
  return Sources.rows(source, last - 1, first, {})
end

Sources.walk.newest, Sources.walk.max = backwards, backwards

function Sources.walk.oldest(source, place, most)
  local first = source.first
  if place then
    first = math.max(first, Sources.count(source.set, Text.int(place.sequence)))
  end
  local last = math.min(source.last, first + most)
  return first < last and Sources.rows(source, first, last - 1, {}) or {}
end

-- Equals come newest first here too, as `?min=` takes the newest: so each run of equals is
-- read from its end.
function Sources.walk.min(source, place, most)
  local out, first = {}, source.first
  if place then
    local equals = Sources.count(source.set, "(" .. place.score)
    local rank = Sources.rank(source, place)
    if equals < rank then
      Sources.rows(source, rank - 1, math.max(equals, rank - most), out)
    end
    first = math.max(first, Sources.count(source.set, place.score))
  end
  while #out < most and first < source.last do
    local last = math.min(source.last, first + most - #out)
    local found = Sources.rows(source, first, last - 1, {})
    -- Of the last number there may be more than were read; all before it are complete.
    local least, at = found[#found].score, 1
    while found[at].score ~= least do
      local newest = at
      while found[newest + 1].score == found[at].score do
        newest = newest + 1
      end
      for i = newest, at, -1 do
        out[#out + 1] = found[i]
      end
      at = newest + 1
    end
    local equals, upto = first + at - 1, Sources.count(source.set, least)
    Sources.rows(source, upto - 1, math.max(equals, upto - most + #out), out)
    first = upto
  end
  return out
end

end
