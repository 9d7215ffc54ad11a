-- Aliases: an alias is let name a version by hand or by a step, whatever is better.
--
-- Keys: those of 02_references.lua, req:, see 09_versions.lua, and those of 25_promotion.lua

-- set_alias(request id, artifact, alias, version or "", expected version or "", run that
--   does it or "", who, why)
-- -> {"DONE", version, revision, dirty} | {"UNKNOWN", artifact, version}
--  | {"DELETED", artifact, version, ms, who, why}
--  | {"MOVED", version that it names now} | {"GUARDED", ...}, see promote in 25_promotion.lua
function Versions.set_alias(keys, args)
  local call = Call.open(keys, args)
  local request, artifact, alias = call:key("req:", args[1]), args[2], args[3]
  local stored = redis.call("GET", request)
  if stored then
    local parts = Text.split(stored, FIELD)
    return { "DONE", parts[1], parts[2], "0" }
  end
  local version = Versions.newest_or(call, artifact, args[4])
  if redis.call("EXISTS", call:key("ver:", artifact, ":", version)) == 0 then
    return Overlay.unknown(call, artifact, version)
  end
  local now = redis.call("HGET", call:key("alias:", artifact), alias) or nil
  local move = {
    how = "set", artifact = artifact, alias = alias, from = now, to = version,
    by = args[7] or "", why = args[8] or "", cause = Versions.cause_of(call, args[6]),
  }
  local refused = Versions.check_move(call, move)
  if refused then
    return refused
  end
  if args[5] ~= "" and (now or "") ~= args[5] then
    return { "MOVED", now or "" }
  end
  if now ~= version then
    Versions.move_alias(call, move)
  end
  local revision = Text.int(call:current_revision())
  redis.call("SET", request, version .. FIELD .. revision, "EX", Versions.REQUEST_TTL)
  return { "DONE", version, revision, Versions.dirty(call) }
end

redis.register_function("rc1_set_alias", Versions.set_alias)
