-- Choosing: the one version, or the list of versions, that a selector names, or what is missing.
--
-- Keys (read only): those of 02_references.lua, gone:, see 01_deleted.lua, ahist:, see
-- 25_promotion.lua, members:, see 29_members.lua, run:<id>, step:<run>/<step>, see 03_runs.lua

local Choose = {}
do -- what is local ends with the file: a chunk may hold 200

-- A miss: `code` for a person, `watch` the wait key whose firing can cure it, `final`
-- when nothing can.
function Choose.miss(code, watch, final)
  return { code = code, watch = watch, final = final }
end

-- The same of a model, which is told in its own words.
local OF_MODELS = {
  ["artifact-unknown"] = "model-unknown", ["version-unknown"] = "model-version-unknown",
  ["alias-unknown"] = "stage-unknown",
}

local function missing(artifact, code, watch)
  local of_model = string.find(artifact, "/", 1, true) and OF_MODELS[code]
  return Choose.miss(of_model or code, watch)
end

local function unknown(call, artifact, code, watch)
  if redis.call("EXISTS", call:key("vers:", artifact)) == 0 then
    return missing(artifact, "artifact-unknown", watch)
  end
  return missing(artifact, code, watch)
end

-- As the index is now, by kind.
local Select = {}

function Select.v(call, ref)
  if redis.call("EXISTS", call:key("ver:", ref.artifact, ":", ref.argument)) == 1 then
    return ref.argument
  end
  local deleted = Deleted.find(call, ref.artifact, ref.argument)
  if deleted then
    return ref.held and ref.argument, Deleted.miss(deleted)
  end
  local watch = "v:" .. ref.artifact .. "@" .. ref.argument
  if string.find(ref.argument, "^%d+$") then
    -- The counter goes from 1 upwards and writes no leading zeros.
    local given = tonumber(redis.call("HGET", call:key("art:", ref.artifact), "next") or 0)
    if tonumber(ref.argument) <= given or string.find(ref.argument, "^0") then
      return nil, Choose.miss("version-passed", watch, true)
    end
  end
  return nil, unknown(call, ref.artifact, "version-unknown", watch)
end

function Select.l(call, ref)
  local newest = redis.call("ZREVRANGE", call:key("vers:", ref.artifact), 0, 0)[1]
  if newest then
    return newest
  end
  return nil, missing(ref.artifact, "artifact-unknown", "n:" .. ref.artifact)
end

function Select.a(call, ref)
  local version = redis.call("HGET", call:key("alias:", ref.artifact), ref.argument)
  if version then
    return version
  end
  local watch = "a:" .. ref.artifact .. ":" .. ref.argument
  return nil, unknown(call, ref.artifact, "alias-unknown", watch)
end

-- The newest of equals: equal scores sort by member, and members are padded sequences.
function Select.b(call, ref)
  local key = call:key("best:", ref.artifact, ":", ref.argument)
  local order = ref.second == "min" and "ZRANGE" or "ZREVRANGE"
  local first = redis.call(order, key, 0, 0, "WITHSCORES")
  if not first[1] then
    return nil, unknown(call, ref.artifact, "no-candidate", "q:" .. ref.artifact)
  end
  local newest = redis.call("ZREVRANGEBYSCORE", key, first[2], first[2], "LIMIT", 0, 1)[1]
  local sequence = Text.int(tonumber(newest))
  return redis.call("ZRANGEBYSCORE", call:key("vers:", ref.artifact), sequence, sequence)[1]
end

function Select.t(call, ref)
  local key = call:key("tag:", ref.artifact, ":", ref.argument)
  local newest = redis.call("ZREVRANGE", key, 0, 0)[1]
  if newest then
    return newest
  end
  return nil, unknown(call, ref.artifact, "tag-unknown", "q:" .. ref.artifact)
end

function Select.w(call, ref)
  local found, why = Candidates.first(call, ref, nil, 1)
  if found and found[1] then
    return found[1]
  end
  local watch = "q:" .. ref.artifact
  if why then
    return nil, Choose.miss(why, watch, true)
  end
  return nil, unknown(call, ref.artifact, "no-candidate", watch)
end

-- The one that many versions before the newest.
function Select.n(call, ref)
  local key, rank = call:key("vers:", ref.artifact), ref.argument
  local version = redis.call("ZREVRANGE", key, rank, rank)[1]
  if version then
    return version
  end
  return nil, unknown(call, ref.artifact, "no-candidate", "n:" .. ref.artifact)
end

-- The newest by a pipeline.
function Select.p(call, ref)
  local version = redis.call("HGET", call:key("newest:", ref.artifact), "p:" .. ref.argument)
  if version then
    return version
  end
  return nil, unknown(call, ref.artifact, "no-candidate", "q:" .. ref.artifact)
end

-- The newest in a run. One that cannot publish any more will not: but who failed may be
-- retried.
function Select.r(call, ref)
  local version = redis.call("HGET", call:key("newest:", ref.artifact), "r:" .. ref.argument)
  if version then
    return version
  end
  local state = redis.call("HGET", call:key("run:", ref.argument), "state")
  local over = not state or state == "S" or state == "C"
  return nil, Choose.miss("run-has-none", "q:" .. ref.artifact, over)
end

-- The newest that is linked to a version of a model.
function Select.m(call, ref, run)
  local model = {
    artifact = "model/" .. ref.argument, kind = string.sub(ref.second, 1, 1),
    argument = string.sub(ref.second, 2),
  }
  local version, missed = Choose.version(call, model, run)
  if not version then
    if missed.code == "no-candidate" then
      missed.code = "model-version-unknown"
    end
    return nil, missed
  end
  local place = call:key("members:", ref.argument, ":", version)
  local member = redis.call("HGET", place, ref.artifact)
  if member then
    return member
  end
  if Deleted.find(call, model.artifact, version) then
    return nil, Deleted.miss(Deleted.find(call, model.artifact, version)) -- the run's own
  end
  -- A link is told to those who wait for any change of the model: it, a later version of the
  -- model, or another one in the stage is the cure.
  return nil, Choose.miss("member-unknown", "q:" .. model.artifact)
end

-- What is left of these has no version among those that started the run.
function Select.g()
  return nil, Choose.miss("not-triggered", "", true)
end

-- An output of a step of the same run: it has succeeded, or this step were not ready.
function Select.o(call, ref, run)
  local stored = redis.call("HGET", call:key("step:", run, "/", ref.argument), "o:" .. ref.second)
  if not stored then
    return nil, Choose.miss("no-output", "", true)
  end
  local parts = Text.split(stored, FIELD)
  ref.artifact = parts[1]
  return parts[2]
end

local Then = {}

-- The one that many versions before the newest of then.
function Then.n(call, ref)
  local rank = Moments.count(call, ref.artifact, ref.moment) - 1 - tonumber(ref.argument)
  local key = call:key("vers:", ref.artifact)
  return rank >= 0 and redis.call("ZRANGE", key, Text.int(rank), Text.int(rank))[1]
end

local MOVES_READ = 50

-- What the alias named: the last of its moves by then. Of one with more moves than are kept the
-- oldest says whether it was there before.
function Then.a(call, ref)
  local key, till = call:key("ahist:", ref.artifact, ":", ref.argument), "+"
  if ref.moment.of == "r" then
    till = Text.int(ref.moment.at)
  end
  while true do
    local moves = redis.call("XREVRANGE", key, till, "-", "COUNT", MOVES_READ)
    for _, entry in ipairs(moves) do
      local move = {}
      for i = 1, #entry[2], 2 do
        move[entry[2][i]] = entry[2][i + 1]
      end
      if Moments.includes(ref.moment, move.rev, move.at) then
        return move.to ~= "" and move.to -- else it was removed
      end
    end
    if #moves < MOVES_READ then
      break
    end
    till = "(" .. moves[#moves][1]
  end
  local oldest = redis.call("XRANGE", key, "-", "+", "COUNT", 1)[1]
  for i = 1, oldest and #oldest[2] or 0, 2 do
    if oldest[2][i] == "from" and oldest[2][i + 1] ~= "" then
      return nil, "moment-forgotten"
    end
  end
  return nil
end

local function first_then(call, ref)
  local found, why = Candidates.first(call, ref, ref.moment, 1)
  return found and found[1], why
end

-- The version that was the one at a moment: what was not there then cannot come.
local function choose_then(call, ref)
  if call.of and ref.moment.of == "r" then
    return nil, Choose.miss("moment-elsewhere", "", true) -- it counts revisions of its own
  end
  if Moments.ahead(call, ref.moment) then
    return nil, Choose.miss("moment-ahead", "", true)
  end
  local version, why = (Then[ref.kind] or first_then)(call, ref)
  local deleted = version and ref.kind == "a" and Deleted.find(call, ref.artifact, version)
  if deleted then
    return nil, Deleted.miss(deleted)
  end
  if version then
    return version
  end
  return nil, Choose.miss(why or "none-then", "", true)
end

-- The version of the model that a run works on, when a reference asks for it in the words of
-- the run's pipeline: whatever a stage names by now, the run stays with what it has fixed.
local function own_version(call, ref, run)
  local facts = run and call.facts[run]
  local model = facts and facts.model
  return model and model.version ~= "" and model.artifact == ref.artifact
    and model.kind == ref.kind and model.argument == ref.argument and model.version
end

-- Those that depend on the index alone. References of one step that differ in what they point at
-- are found once: `call.chosen` knows them until a version is changed.
local ONCE = { l = true, n = true, a = true, b = true, t = true, w = true, p = true, r = true }

-- The version that a reference names, or nil and a miss.
function Choose.version(call, ref, run)
  local past = ref.moment and ref.kind ~= "v"
  local own = not past and own_version(call, ref, run)
  if own then
    return own
  end
  local choose = past and choose_then or Select[ref.kind]
  if not ONCE[ref.kind] then
    return choose(call, ref, run)
  end
  local named = { ref.kind, ref.artifact, ref.argument, ref.second or "", ref.as_of or "" }
  local asked, missed = table.concat(named, FIELD), nil
  if not call.chosen[asked] then
    call.chosen[asked], missed = choose(call, ref)
  end
  return call.chosen[asked], missed
end

-- What a reference with a `take` stands for: {versions...}, or nil and a miss. A list of
-- nothing is a miss as well, the same as without `take`.
function Choose.list(call, ref)
  if call.of and ref.moment and ref.moment.of == "r" then
    return nil, Choose.miss("moment-elsewhere", "", true)
  end
  if ref.moment and Moments.ahead(call, ref.moment) then
    return nil, Choose.miss("moment-ahead", "", true)
  end
  local found, why = Candidates.list(call, ref, ref.moment)
  if why then
    return nil, Choose.miss(why, "q:" .. ref.artifact, true)
  end
  if #found > 0 then
    return found
  end
  local _, missed = Choose.version(call, ref)
  return nil, missed
end

end
