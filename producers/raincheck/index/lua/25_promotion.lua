-- Promotion: an alias moves when its candidate is better, in the script that compares; who moved
-- it, why and from where is kept, and taken back step by step.
--
-- Keys of this file
--   ahist:<artifact>:<alias>  stream  moves of the alias, id <revision>-1, so in the order of
--                                     revisions; the newest 1,000                  for ever
--   guard:<artifact>          hash    alias -> pipelines whose runs alone may move it, joined by
--                                     spaces; no field for an alias that is free    for ever
--   removed:<artifact>        set     aliases that were removed once: their history is found by
--                                     name                                         for ever
--
-- Fields of a move: rev, at (ms), how (set, promote, rollback, remove), by, why, from and to (""
-- for nothing); run and pipeline when a step made it; metric, mode, old and new (raw JSON) when
-- it was compared; under (see `undone_next`). 02_choosing.lua reads them for what the alias named
-- at a moment.

local Promotion = {}
do -- what is local ends with the file: a chunk may hold 200

local KEEP_MOVES = "1000"
local BY_LIMIT, WHY_LIMIT = 200, 1000 -- bytes

local function history(call, artifact, alias)
  return call:key("ahist:", artifact, ":", alias)
end

local function names_now(call, artifact, alias)
  return redis.call("HGET", call:key("alias:", artifact), alias) or nil
end

local function fields_of(entry)
  local fields = { id = entry[1] }
  for i = 1, #entry[2], 2 do
    fields[entry[2][i]] = entry[2][i + 1]
  end
  return fields
end

-- The id of the move that a rollback undoes, or "". It is the last move, or, when that was a
-- rollback, the one `under` what it has undone: a stack of which each entry knows the next.
local function undone_next(key)
  local last = redis.call("XREVRANGE", key, "+", "-", "COUNT", "1")[1]
  if not last then
    return ""
  end
  local move = fields_of(last)
  return move.how == "rollback" and move.under or move.id
end

-- nil, or why the alias must not be moved so. `move` is {artifact, alias, by, why, cause}.
function Versions.check_move(call, move)
  if #move.by > BY_LIMIT or #move.why > WHY_LIMIT then
    return { "INVALID", "who moves an alias takes 200 bytes, and why 1,000, at most" }
  end
  local allowed = redis.call("HGET", call:key("guard:", move.artifact), move.alias)
  if not allowed then
    return nil
  end
  local mover = move.cause and move.cause.pipeline or ""
  for _, pipeline in ipairs(Text.split(allowed, " ")) do
    if pipeline == mover then
      return nil
    end
  end
  return { "GUARDED", move.artifact, move.alias, mover, allowed }
end

local function record(call, move)
  local revision = Text.int(call:revision())
  local key = history(call, move.artifact, move.alias)
  local fields = {
    "rev", revision, "at", Text.int(call:stamp()), "how", move.how, "by", move.by, "why", move.why,
    "from", move.from or "", "to", move.to, "under", move.under or undone_next(key),
  }
  local function add(...)
    for _, item in ipairs({ ... }) do
      fields[#fields + 1] = item
    end
  end
  if move.cause then
    add("run", move.cause.run, "pipeline", move.cause.pipeline)
  end
  if move.metric and move.metric ~= "" then
    add("metric", move.metric, "mode", move.mode, "old", move.old, "new", move.new)
  end
  redis.call("XADD", key, "MAXLEN", KEEP_MOVES, revision .. "-1", unpack(fields))
end

-- Lets an alias name `to`, which it does not name yet, or nothing; every move goes through here.
function Versions.move_alias(call, move)
  local key = call:key("alias:", move.artifact)
  if move.to == "" then
    redis.call("HDEL", key, move.alias)
    redis.call("SADD", call:key("removed:", move.artifact), move.alias)
    record(call, move)
    Versions.changed(call, "unalias", move.cause, move.artifact, move.from, "n", move.alias)
    return
  end
  redis.call("HSET", key, move.alias, move.to)
  record(call, move)
  Waits.fire(call, "a:" .. move.artifact .. ":" .. move.alias)
  local before = move.from and { "p", move.from } or {}
  Versions.changed(call, "alias", move.cause, move.artifact, move.to,
    "n", move.alias, unpack(before))
end

local function answer(call, request, result, move, named)
  return Requests.answer(call, request, named, result, move.to, move.from or "", move.old, move.new)
end

local function metric_of(call, move, version)
  local key = call:key("ver:", move.artifact, ":", version)
  return redis.call("HGET", key, "m:" .. move.metric) or ""
end

-- nil, or that candidate or incumbent has no such number; notes both.
local function check_metric(call, move)
  if move.metric == "" then
    return nil
  end
  if move.mode ~= "min" and move.mode ~= "max" then
    return { "INVALID", "mode is min or max, not '" .. move.mode .. "'" }
  end
  move.new = metric_of(call, move, move.to)
  if not Text.json_number(move.new) then
    return { "NO_METRIC", move.artifact, move.to, move.metric, "candidate", move.new }
  end
  if move.from then
    move.old = metric_of(call, move, move.from)
    if not Text.json_number(move.old) then
      return { "NO_METRIC", move.artifact, move.from, move.metric, "incumbent", move.old }
    end
  end
  return nil
end

local function better(move)
  local old, new = Text.json_number(move.old), Text.json_number(move.new)
  if move.mode == "min" then
    return new < old
  end
  return new > old
end

local function check_promotion(call, move, expected)
  if redis.call("EXISTS", call:key("ver:", move.artifact, ":", move.to)) == 0 then
    return Overlay.unknown(call, move.artifact, move.to)
  end
  local refused = Versions.check_move(call, move)
  if refused then
    return refused
  end
  if expected ~= "" and (move.from or "") ~= expected then
    return { "MOVED", move.from or "" }
  end
  return check_metric(call, move)
end

-- promote(request id, artifact, version or "" for the newest, alias, metric or "", min|max or "",
--   expected version or "", who, why, run that does it or "")
-- -> {"DONE", version that it names now, revision, dirty, moved|same|worse, candidate,
--     version that it named or "", its raw metric or "", the candidate's or ""}
--  | {"UNKNOWN", artifact, version} | {"DELETED", artifact, version, ms, who, why}
--  | {"GUARDED", artifact, alias, pipeline of the run, those that
--     may} | {"MOVED", version that it names now} | {"INVALID", why}
--  | {"NO_METRIC", artifact, version, metric, candidate|incumbent, raw or ""}
function Promotion.promote(keys, args)
  local call = Call.open(keys, args)
  local request = call:take()
  local before = Requests.answered(call, request)
  if before then
    return before
  end
  local artifact = call:take()
  local move = {
    how = "promote", artifact = artifact, to = Versions.newest_or(call, artifact, call:take()),
    alias = call:take(), metric = call:take(), mode = call:take(), old = "", new = "",
  }
  local expected = call:take()
  move.by, move.why = call:take(), call:take()
  move.cause = Versions.cause_of(call, call:take())
  move.from = names_now(call, artifact, move.alias)
  local refused = check_promotion(call, move, expected)
  if refused then
    return refused
  end
  if move.from == move.to then
    return answer(call, request, "same", move, move.from)
  end
  if move.metric ~= "" and move.from and not better(move) then
    return answer(call, request, "worse", move, move.from)
  end
  Versions.move_alias(call, move)
  return answer(call, request, "moved", move, move.to)
end

-- Notes where a rollback goes: nil, or why there is nothing to go back to.
local function check_rollback(call, move)
  local function refuse(why, version)
    return { "NO_ROLLBACK", move.artifact, move.alias, why, version or "" }
  end
  if not move.from then
    local unknown = Overlay.unknown(call, move.artifact, "")
    return unknown[1] == "ELSEWHERE" and unknown or refuse("unset")
  end
  local key = history(call, move.artifact, move.alias)
  local id = undone_next(key)
  if id == "" then
    return refuse("first")
  end
  local undone = redis.call("XRANGE", key, id, id)[1]
  if not undone then
    return refuse("forgotten")
  end
  undone = fields_of(undone)
  if undone.from == "" then
    return refuse("first")
  end
  if redis.call("EXISTS", call:key("ver:", move.artifact, ":", undone.from)) == 0 then
    return refuse("gone", undone.from)
  end
  move.to, move.under = undone.from, undone.under
  return nil
end

-- rollback(request id, artifact, alias, expected version or "", who, why, run that does it or "")
-- -> as promote, and {"NO_ROLLBACK", artifact, alias, unset|first|forgotten|gone, version or ""}
function Promotion.rollback(keys, args)
  local call = Call.open(keys, args)
  local request = args[1]
  local before = Requests.answered(call, request)
  if before then
    return before
  end
  local move = {
    how = "rollback", artifact = args[2], alias = args[3], by = args[5], why = args[6],
    cause = Versions.cause_of(call, args[7]), old = "", new = "",
  }
  move.from = names_now(call, move.artifact, move.alias)
  local refused = Versions.check_move(call, move)
  if refused then
    return refused
  end
  if args[4] ~= "" and (move.from or "") ~= args[4] then
    return { "MOVED", move.from or "" }
  end
  refused = check_rollback(call, move)
  if refused then
    return refused
  end
  Versions.move_alias(call, move)
  return answer(call, request, "moved", move, move.to)
end

-- protect_alias(artifact, alias, pipelines...; none sets it free) -> {"DONE"}
function Promotion.protect_alias(keys, args)
  local call = Call.open(keys, args)
  local key, pipelines = call:key("guard:", args[1]), table.concat(args, " ", 3)
  if pipelines == "" then
    redis.call("HDEL", key, args[2])
  else
    redis.call("HSET", key, args[2], pipelines)
  end
  return { "DONE" }
end

redis.register_function("rc1_promote", Promotion.promote)
redis.register_function("rc1_rollback", Promotion.rollback)
redis.register_function("rc1_protect_alias", Promotion.protect_alias)

end
