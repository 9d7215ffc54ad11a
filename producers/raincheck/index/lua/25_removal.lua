-- Removal: an alias names nothing any more.
--
-- Keys: those of 25_promotion.lua, req:, see 09_versions.lua

-- remove_alias(request id, artifact, alias, expected version or "", who, why, run that does it
--   or "") -> {"DONE", version that it named or "", revision, dirty}
--  | {"MOVED", version that it names now} | {"GUARDED" or "INVALID", ...}, see promote
-- An alias that names nothing stays so, without a move.
function Versions.remove_alias(keys, args)
  local call = Call.open(keys, args)
  local request, artifact, alias = call:key("req:", args[1]), args[2], args[3]
  local stored = redis.call("GET", request)
  if stored then
    local parts = Text.split(stored, FIELD)
    return { "DONE", parts[1], parts[2], "0" }
  end
  local now = redis.call("HGET", call:key("alias:", artifact), alias) or ""
  local move = {
    how = "remove", artifact = artifact, alias = alias, from = now, to = "",
    by = args[5], why = args[6], cause = Versions.cause_of(call, args[7]),
  }
  local refused = Versions.check_move(call, move)
  if refused then
    return refused
  end
  if args[4] ~= "" and now ~= args[4] then
    return { "MOVED", now }
  end
  if now ~= "" then
    Versions.move_alias(call, move)
  end
  local revision = Text.int(call:current_revision())
  redis.call("SET", request, now .. FIELD .. revision, "EX", Versions.REQUEST_TTL)
  return { "DONE", now, revision, Versions.dirty(call) }
end

redis.register_function("rc1_remove_alias", Versions.remove_alias)
