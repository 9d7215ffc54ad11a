-- The model version of a run: fixed once, and the same for all its steps and attempts.
--
-- A model version is a version of the artifact `model/<name>`, made by 09_versions.lua like
-- any other. A run's record keeps which one the run works on, as these fields, joined by FIELD:
--   name, kind, argument, version ("" until it is fixed)
-- kinds: + a new one  c the one of that name, made if it is not there  l latest  a stage
--
-- Keys of this file (the others of models: 29_members.lua)
--   modelruns:<model>:<version>  zset  runs that work on it by the revision at which that was
--                                      fixed, the newest 1,000                   for ever

local Models = { PREFIX = "model/" }
do -- what is local ends with the file: a chunk may hold 200

local MOST_RUNS = 1000

-- A run's model as a table.
function Runs.model(packed)
  local f = Text.split(packed, FIELD)
  return {
    name = f[1], artifact = Models.PREFIX .. f[1], kind = f[2], argument = f[3], version = f[4],
  }
end

function Models.pack(model)
  return table.concat({ model.name, model.kind, model.argument, model.version }, FIELD)
end

-- The version of the name `c` asks for, "" when it is to be made, or nil and a miss.
local function named(call, model)
  if redis.call("EXISTS", call:key("ver:", model.artifact, ":", model.argument)) == 1 then
    return model.argument
  end
  local number = string.find(model.argument, "^%d+$")
  local given = number and redis.call("HGET", call:key("art:", model.artifact), "next") or "0"
  if not number or model.argument == Text.int(tonumber(given) + 1) then
    return ""
  end
  -- A number that others come before; or one that has been given, and cannot come.
  local passed = tonumber(model.argument) <= tonumber(given) or string.find(model.argument, "^0")
  local code = passed and "version-passed" or "model-version-unknown"
  return nil, Choose.miss(code, "q:" .. model.artifact, passed)
end

-- From here on the call knows which version of its model a run works on.
function References.know_run(call, run)
  Runs.facts(call, run)
end

local function find(call, model)
  if model.kind == "+" then
    return ""
  elseif model.kind == "c" then
    return named(call, model)
  end
  return Choose.version(call, model, "")
end

-- Fixes the version of a run's model, if that is possible yet: nil, or a miss. Reads only;
-- `keep` writes it down.
function Models.fix(call, run)
  local model = Runs.facts(call, run).model
  if not model or model.version ~= "" then
    return nil
  end
  local version, missed = find(call, model)
  if missed then
    local sign = model.kind == "c" and "@" .. model.argument or ":" .. model.argument
    missed.ref = { written = model.artifact .. (model.kind == "l" and ":latest" or sign) }
    return missed
  end
  model.version, model.fresh = version, version ~= ""
  return nil
end

-- Writes down which version a run works on, when that was fixed in this call.
function Models.keep(call, run)
  local model = Runs.facts(call, run).model
  if not model or not model.fresh then
    return
  end
  model.fresh = false
  redis.call("HSET", Runs.key(call, run), "model", Models.pack(model))
  local runs = call:key("modelruns:", model.name, ":", model.version)
  redis.call("ZADD", runs, Text.int(call:current_revision()), run)
  redis.call("ZREMRANGEBYRANK", runs, 0, -1 - MOST_RUNS)
end

end
