-- Members: the versions of artifacts that are linked to a version of a model.
--
-- Linking and unlinking have a natural key, both versions, so that repeating has no effect. Of an
-- artifact the newest linked version is the model's: the one with the greatest sequence, in
-- whatever order they were linked.
--
-- Keys of this file
--   members:<model>:<version>  hash  artifact -> its newest linked version      for ever
--   linked:<model>:<version>   zset  <artifact>@<version> by the revision at which it was
--                                    linked                                     for ever
--   models                     zset  names of models, all with score 0          for ever
--   ver:<artifact>:<version>   see 02_references.lua; of one that is linked `in`, to which
--                              versions of models, joined by spaces

do -- what is local ends with the file: a chunk may hold 200

local function sequence(call, artifact, version)
  return tonumber(redis.call("HGET", call:key("ver:", artifact, ":", version), "seq"))
end

-- Links a version to a model's, both of which are there.
function Models.link(call, model, model_version, artifact, version)
  local place = model .. ":" .. model_version
  local linked, members = call:key("linked:", place), call:key("members:", place)
  local name = artifact .. "@" .. version
  if redis.call("ZSCORE", linked, name) then
    return
  end
  redis.call("ZADD", linked, Text.int(call:revision()), name)
  local newest = redis.call("HGET", members, artifact)
  if not newest or sequence(call, artifact, newest) < sequence(call, artifact, version) then
    redis.call("HSET", members, artifact, version)
  end
  local key = call:key("ver:", artifact, ":", version)
  local others = redis.call("HGET", key, "in")
  redis.call("HSET", key, "in", (others and others .. " " or "") .. model .. "@" .. model_version)
  Waits.fire(call, "q:" .. Models.PREFIX .. model)
end

-- The newest of an artifact's versions that are linked, among those linked last, or nil.
local MOST_LINKS = 1000

local function newest_linked(call, linked, artifact)
  local newest, greatest = nil, 0
  for _, name in ipairs(redis.call("ZREVRANGE", linked, 0, MOST_LINKS - 1)) do
    local of, version = string.match(name, "^([^@]*)@(.*)$")
    local place = of == artifact and sequence(call, artifact, version) or 0
    if place > greatest then
      newest, greatest = version, place
    end
  end
  return newest
end

-- The model that an artifact's versions are versions of, or nil.
function Models.name_of(artifact)
  return string.match(artifact, "^model/(.*)$")
end

-- Takes a version out of a model's: of the others that are linked the newest takes its place.
local function take_out(call, model, model_version, artifact, version)
  local linked = call:key("linked:", model, ":", model_version)
  local members = call:key("members:", model, ":", model_version)
  redis.call("ZREM", linked, artifact .. "@" .. version)
  if redis.call("HGET", members, artifact) == version then
    local heir = newest_linked(call, linked, artifact)
    if heir then
      redis.call("HSET", members, artifact, heir)
    else
      redis.call("HDEL", members, artifact)
    end
  end
  Waits.fire(call, "q:" .. Models.PREFIX .. model)
end

-- Takes a version that is deleted out of the versions of models that it is linked to, and what
-- is linked to it out of the index when it is one itself; it is not in `vers:` any more.
function Models.forget(call, d)
  for _, place in ipairs(Text.split(d.linked, " ")) do
    local model, version = string.match(place, "^([^@]*)@(.*)$")
    take_out(call, model, version, d.artifact, d.version)
  end
  local model = Models.name_of(d.artifact)
  for _, kind in ipairs(model and { "members:", "linked:", "modelruns:" } or {}) do
    redis.call("DEL", call:key(kind, model, ":", d.version))
  end
end

-- What is linked to versions of models has changed: those who wait for a model look again.
-- `places` is `in` of a version, or false.
function Models.changed_member(call, places)
  for _, place in ipairs(Text.split(places, " ")) do
    Waits.fire(call, "q:" .. Models.PREFIX .. string.match(place, "^[^@]*"))
  end
end

-- What a worker sends of the model of its run; nil, and nothing is read, for a run without.
-- A worker of an earlier release sends nothing.
function Models.read_sent(call, run)
  local model = Runs.facts(call, run).model
  if not model then
    return nil
  end
  local sent = { model = model, record = call:take(), inline = call:take(), entries = {} }
  if sent.record then
    sent.entries = Versions.read_entries(call)
  end
  return sent
end

-- The version that is to be made, as an item of 09_versions.lua.
local function new_item(sent)
  local model = sent.model
  return {
    output = "", artifact = model.artifact, version = model.kind == "c" and model.argument or "",
    record = sent.record or "", has_inline = true, inline = sent.inline, tags = {},
    entries = sent.entries,
  }
end

-- nil, or why what a step made cannot be linked. Reads only, and notes what is to be done.
function Models.check(call, sent, count)
  if not sent or count == 0 and #sent.entries == 0 then
    return nil
  end
  local model = sent.model
  sent.version = model.version
  if model.version == "" and model.kind == "c" and redis.call("EXISTS",
    call:key("ver:", model.artifact, ":", model.argument)) == 1 then
    sent.version = model.argument -- another run has made it since
  end
  sent.wanted = true
  if sent.version ~= "" then
    return Versions.check_metadata(call, model.artifact, sent.version, sent.entries, {})
  end
  sent.item = new_item(sent)
  return Versions.check(call, { sent.item })
end

-- Links what a step made, {output, artifact, version} each, to its run's model version, which
-- is made now if it is not there.
function Models.join(call, run, sent, outputs)
  if not sent or not sent.wanted then
    return
  end
  local model, cause = sent.model, Runs.cause(call, run)
  if sent.item then
    sent.version = Versions.write(call, sent.item, cause)
  else
    Versions.write_metadata(call, model.artifact, sent.version, sent.entries, cause)
  end
  if model.version == "" then
    model.version, model.fresh = sent.version, true
    Models.keep(call, run)
  end
  for _, output in ipairs(outputs) do
    Models.link(call, model.name, model.version, output[2], output[3])
  end
end

-- The opposite of `link`.
function Models.unlink(call, model, model_version, artifact, version)
  if not redis.call("ZSCORE", call:key("linked:", model, ":", model_version),
    artifact .. "@" .. version) then
    return
  end
  call:revision() -- what is linked is another from here on
  take_out(call, model, model_version, artifact, version)
  local key, left = call:key("ver:", artifact, ":", version), {}
  for _, place in ipairs(Text.split(redis.call("HGET", key, "in"), " ")) do
    if place ~= model .. "@" .. model_version then
      left[#left + 1] = place
    end
  end
  if left[1] then
    redis.call("HSET", key, "in", table.concat(left, " "))
  else
    redis.call("HDEL", key, "in")
  end
end

-- link, unlink(model, its version, artifact, its version) -> {"DONE", version, revision, dirty}
-- | {"UNKNOWN", artifact or model/<model>, version}
local function by_hand(change)
  return function(keys, args)
    local call = Call.open(keys, args)
    for _, pair in ipairs({ { Models.PREFIX .. args[1], args[2] }, { args[3], args[4] } }) do
      if redis.call("EXISTS", call:key("ver:", pair[1], ":", pair[2])) == 0 then
        return { "UNKNOWN", pair[1], pair[2] }
      end
    end
    change(call, unpack(args))
    return { "DONE", args[4], Text.int(call:current_revision()), Versions.dirty(call) }
  end
end

redis.register_function("rc1_link", by_hand(Models.link))
redis.register_function("rc1_unlink", by_hand(Models.unlink))

end
