-- Aliases: an alias is let name a version, or nothing, by hand or by a step, whatever is better.
--
-- Keys: those of 02_references.lua and of 25_promotion.lua

-- Lets the alias of `move` name `move.to`, "" for nothing, unless it does: nil, or why it must not.
local function let_name(call, move, expected)
  move.from = redis.call("HGET", call:key("alias:", move.artifact), move.alias) or nil
  local refused = Versions.check_move(call, move)
  if refused then
    return refused
  end
  local now = move.from or ""
  if expected ~= "" and now ~= expected then
    return { "MOVED", now }
  end
  if now ~= move.to then
    Versions.move_alias(call, move)
  end
  return nil
end

-- set_alias(request id, artifact, alias, version or "", expected version or "", run that
--   does it or "", who, why)
-- -> {"DONE", version, revision, dirty} | {"UNKNOWN", artifact, version}
--  | {"DELETED", artifact, version, ms, who, why}
--  | {"MOVED", version that it names now} | {"GUARDED" or "INVALID", ...}, see promote in
--    25_promotion.lua
function Versions.set_alias(keys, args)
  local call = Call.open(keys, args)
  local request, artifact, alias = args[1], args[2], args[3]
  local before = Requests.answered(call, request)
  if before then
    return before
  end
  local version = Versions.newest_or(call, artifact, args[4])
  if redis.call("EXISTS", call:key("ver:", artifact, ":", version)) == 0 then
    return Overlay.unknown(call, artifact, version)
  end
  local refused = let_name(call, {
    how = "set", artifact = artifact, alias = alias, to = version,
    by = args[7] or "", why = args[8] or "", cause = Versions.cause_of(call, args[6]),
  }, args[5])
  return refused or Requests.answer(call, request, version)
end

-- remove_alias(request id, artifact, alias, expected version or "", who, why, run that does it
--   or "") -> {"DONE", version that it named or "", revision, dirty}
--  | {"MOVED", version that it names now} | {"GUARDED" or "INVALID", ...}, see promote
-- An alias that names nothing stays so, without a move.
function Versions.remove_alias(keys, args)
  local call = Call.open(keys, args)
  local request = args[1]
  local before = Requests.answered(call, request)
  if before then
    return before
  end
  local move = {
    how = "remove", artifact = args[2], alias = args[3], to = "",
    by = args[5], why = args[6], cause = Versions.cause_of(call, args[7]),
  }
  local refused = let_name(call, move, args[4])
  return refused or Requests.answer(call, request, move.from or "")
end

redis.register_function("rc1_set_alias", Versions.set_alias)
redis.register_function("rc1_remove_alias", Versions.remove_alias)
