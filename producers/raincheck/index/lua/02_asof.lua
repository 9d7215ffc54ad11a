-- Moments: the index as it was at a revision, or at a time of the server's clock.
--
-- A packed moment is `r<revision>` or `t<ms>`. What a version was not published with keeps
-- since when it has it, as `<revision> <ms>`.
--
-- Keys of this file (read only): index, vers:, ver:; see 02_references.lua

local Moments = {}

-- A packed moment as a table; nil of the empty text, which is now.
function Moments.read(packed)
  if not packed or packed == "" then
    return nil
  end
  return { of = string.sub(packed, 1, 1), at = tonumber(string.sub(packed, 2)) }
end

function Moments.at_revision(revision)
  return { of = "r", at = revision }
end

-- The moment of this call's change.
function Moments.pack(call)
  return Text.int(call:revision()) .. " " .. Text.int(call:stamp())
end

-- Whether what it asks for may still change: a moment is over when no further revision can
-- belong to it.
function Moments.ahead(call, moment)
  if moment.of == "r" then
    return moment.at > call:current_revision()
  end
  return moment.at >= call:now()
end

-- Whether what was written at a revision, at a time, was there by then; nil is now.
function Moments.includes(moment, revision, time)
  if not moment then
    return true
  end
  return tonumber(moment.of == "r" and revision or time) <= moment.at
end

-- The same of what a packed moment tells, or false for what was there from the first.
function Moments.there(packed, moment)
  if not packed or not moment then
    return true
  end
  local revision, time = string.match(packed, "^(%d+) (%d+)$")
  return Moments.includes(moment, revision, time)
end

-- How many of an artifact's versions were there by then: they are in the order of their
-- revisions, so it is found by halving.
function Moments.count(call, artifact, moment)
  local key = call:key("vers:", artifact)
  local low, high = 0, redis.call("ZCARD", key)
  while moment and low < high do
    local middle = math.floor((low + high) / 2)
    local version = redis.call("ZRANGE", key, middle, middle)[1]
    local v = redis.call("HMGET", call:key("ver:", artifact, ":", version), "rev", "at")
    if Moments.includes(moment, v[1], v[2]) then
      low = middle + 1
    else
      high = middle
    end
  end
  return high
end
