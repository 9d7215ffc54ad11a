-- Deleted versions: what is left of them, and who may still read it.
--
-- `ver:` is of versions that are there, so whoever looks there does not find a deleted one. Who
-- was given the version before, a step that is bound to it, a run whose step made it, finds its
-- record under `late:` for a time.
--
-- Keys of this file (written by 29_deletion.lua)
--   gone:<artifact>            hash  version -> what stays of it: of the publication sequence,
--                                    revision, at, digest; of the deletion revision, at, who,
--                                    why; how many users were unlisted; joined by FIELD
--                                                                     for ever
--   late:<artifact>:<version>  hash  the record, as it was under ver:  24 hours

local Deleted = {}
do -- what is local ends with the file: a chunk may hold 200

-- What stays of a deleted version, or nil for one that is not deleted.
function Deleted.find(call, artifact, version)
  local packed = redis.call("HGET", call:key("gone:", artifact), version)
  if not packed then
    return nil
  end
  local f = Text.split(packed, FIELD)
  return { version = version, at = f[6], by = f[7], why = f[8] }
end

-- Where the record of a version is for those who were given it before it was deleted, or nil.
function Deleted.record(call, artifact, version)
  for _, kind in ipairs({ "ver:", "late:" }) do
    local key = call:key(kind, artifact, ":", version)
    if redis.call("EXISTS", key) == 1 then
      return key
    end
  end
  return nil
end

-- The miss of a version that was deleted. No name is used twice, so it is final. Its detail is
-- `<ms> <version> <who>`.
function Deleted.miss(found, code)
  return {
    code = code or "version-deleted", watch = "", final = true,
    detail = found.at .. " " .. found.version .. " " .. found.by,
  }
end

-- The refusal to change a version that is not there.
function Deleted.refusal(call, artifact, version)
  local found = Deleted.find(call, artifact, version)
  if found then
    return { "DELETED", artifact, version, found.at, found.by, found.why }
  end
  return { "UNKNOWN", artifact, version }
end

end
