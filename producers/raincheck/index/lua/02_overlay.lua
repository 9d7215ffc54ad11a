-- Overlay: what a namespace has nothing of is read from another one, its fall-back.
--
-- Each artifact is answered by one namespace alone: by the own one as soon as a version was
-- published there, for ever; before that, and as of a moment before that, by the fall-back, if it
-- has the artifact. A fall-back is read and never written, and its own fall-back is not followed.
-- Both lie on one server, so that one script reads both at one moment.
--
-- Keys of this file
--   index  hash  fallback (name of that namespace), fallback_next (see 07_watching.lua)  for ever
-- Of the fall-back it reads index, art:, and whatever a reference reads of an artifact.

local Overlay = {}
do -- what is local ends with the file: a chunk may hold 200

local function prefix_of(namespace)
  return "rc:{" .. namespace .. "}:"
end

function Call:namespace()
  return string.match(self.prefix, "^rc:{(.*)}:$")
end

-- A call that reads another namespace, at the same moment; nil and "" are the own one.
function Call:reading(namespace)
  if not namespace or namespace == "" then
    return self
  end
  self.others = self.others or {}
  if not self.others[namespace] then
    local other = Call.open({ prefix_of(namespace) }, {})
    other.of = namespace
    other.now = function() return self:now() end
    other.revision = false -- every change raises it: one that is tried here fails
    self.others[namespace] = other
  end
  return self.others[namespace]
end

-- The fall-back, as a call that reads it, or nil.
function Call:fallback()
  local name = self:known()[2]
  return name and self:reading(name)
end

function Call:owns(artifact)
  return redis.call("EXISTS", self:key("art:", artifact)) == 1
end

-- Who answers for an artifact, now or as of a moment: this call, or one that reads the
-- fall-back.
function Call:answering(artifact, moment)
  local other = self:fallback()
  if not other or artifact == "" then
    return self
  end
  local own = self:owns(artifact)
  if own and moment then -- also when what it had then is deleted
    own = Moments.there(redis.call("HGET", self:key("art:", artifact), "since"), moment)
  end
  return (own or not other:owns(artifact)) and self or other
end

-- Where an artifact was looked for, for a person: nil without a fall-back, else the namespace
-- that answers, or both when neither has it.
function Call:looked(source, artifact)
  local other = self:fallback()
  if not other then
    return nil
  end
  if source == self and not self:owns(artifact) then
    return self:namespace() .. " " .. other:namespace()
  end
  return source:namespace()
end

-- What a write answers that finds no such version here: that it does not exist or, when it
-- would be the fall-back's, that it is not to be changed from here.
function Overlay.unknown(call, artifact, version)
  local other = call:fallback()
  if other and version == "" and not call:owns(artifact) then
    version = redis.call("ZREVRANGE", other:key("vers:", artifact), 0, 0)[1] or ""
  end
  if other and redis.call("EXISTS", other:key("ver:", artifact, ":", version)) == 1 then
    return { "ELSEWHERE", artifact, version, call:namespace(), other:namespace() }
  end
  return Deleted.refusal(call, artifact, version)
end

local function refusal(call, wanted)
  if wanted == call:namespace() then
    return { "SELF", wanted }
  end
  if wanted == "model" then
    return { "NAME", wanted } -- `model/m@1` is a version of the model `m`
  end
  local next_one = wanted ~= "" and call:reading(wanted):known()[2]
  if next_one then
    return { "CHAIN", next_one }
  end
  return nil
end

-- fall_back(namespace or "" for none, "first" | "change")
-- -> {"DONE", namespace or ""} | {"OTHER", the recorded one or ""} | {"SELF", namespace}
--  | {"NAME", namespace} | {"CHAIN", the fall-back of the wanted one}
-- A first use records it in a namespace in which nothing has happened yet; a change does so in
-- any. It is recorded and no setting of each process, so that all resolve alike.
function Overlay.fall_back(keys, args)
  local call = Call.open(keys, args)
  local wanted, recorded = args[1], call:known()[2] or ""
  if wanted == recorded then
    return { "DONE", recorded }
  end
  local refused = refusal(call, wanted)
  if refused then
    return refused
  end
  if args[2] == "first" and (recorded ~= "" or call:current_revision() > 0) then
    return { "OTHER", recorded }
  end
  local index = call:key("index")
  redis.call("HDEL", index, "fallback", "fallback_next")
  if wanted ~= "" then
    redis.call("HSET", index, "fallback", wanted)
  end
  return { "DONE", wanted }
end

redis.register_function("rc1_fall_back", Overlay.fall_back)

end
