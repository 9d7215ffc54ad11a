-- Lineage: what a step that succeeded had bound and made, and which steps used a version.
-- No function of its own: `complete` writes it down, and it outlives the run's records.
--
-- A step run is named <run>/<step>@<revision>, by the revision at which it ended: a run's id
-- may come again once its records are gone, and what was true of the first run stays so.
--
-- Keys of this file
--   made:<run>/<step>@<revision>  hash  pipeline, at, rev (bound at), bound (JSON, from the
--                                       worker), out (packed outputs); without outputs
--                                       or with cached ones, listed (in how many `used` it
--                                       stands); cached (<run>/<step> that made its outputs)
--                                 for ever; with `listed` until no `used` lists it
--   used:<artifact>:<version>     zset  <run>/<step>@<revision> by the revision, the newest
--                                       1,000; of a version of the fall-back
--                                       used:<namespace>/<artifact>:<version>    for ever
--   ver:<artifact>:<version>      see 02_references.lua; unlisted, how many older users

local MOST_USERS = 1000

-- The versions that a step had bound, those that it took from the cache, and those that it
-- loaded by itself, each once, as they stand in keys.
local function used_versions(call, run, step, taken, loaded)
  local key = Runs.step_key(call, run, step)
  local fields, versions, seen = {}, {}, {}
  local function add(name)
    if not seen[name] then
      seen[name] = true
      versions[#versions + 1] = name
    end
  end
  for i = 1, tonumber(redis.call("HGET", key, "bn") or "0") do
    fields[i] = "b" .. i
  end
  for _, stored in ipairs(Batch.read("HMGET", key, fields)) do
    local parts = Text.split(stored, FIELD)
    add((parts[4] and parts[4] .. "/" or "") .. parts[1] .. ":" .. parts[2])
  end
  for _, output in ipairs(taken) do
    add(output[2] .. ":" .. output[3])
  end
  for _, name in ipairs(Text.split(loaded, ITEM)) do
    add(name)
  end
  return versions
end

-- The oldest user of a version is no longer listed. A step that made nothing is known by
-- those lists only, and forgotten when it has left the last.
local function unlist_oldest(call, name, users)
  local oldest = redis.call("ZPOPMIN", users)[1]
  local made = call:key("made:", oldest)
  local version = call:key("ver:", name)
  if redis.call("EXISTS", version) == 1 then
    redis.call("HINCRBY", version, "unlisted", 1)
  end
  if redis.call("HEXISTS", made, "listed") == 1
    and redis.call("HINCRBY", made, "listed", -1) == 0 then
    redis.call("DEL", made)
  end
end

local function list_user(call, name, step_run, revision)
  local users = call:key("used:", name)
  redis.call("ZADD", users, revision, step_run)
  if redis.call("ZCARD", users) > MOST_USERS then
    unlist_oldest(call, name, users)
  end
end

-- Writes down what a step had bound, and what it made, as `complete` ends it. `bound` is the
-- worker's JSON, which also knows parameters; a worker of an earlier release sends none. With
-- an `origin` that step run made the outputs, and this one took them from the cache.
function Finish.keep_lineage(call, run, step, bound, outputs, origin, loaded)
  local versions, made = used_versions(call, run, step, origin and outputs or {}, loaded), {}
  if #versions == 0 then
    return -- the records of its outputs say all
  end
  for i, output in ipairs(outputs) do
    made[i] = table.concat(output, FIELD)
  end
  local revision = Text.int(call:current_revision())
  local step_run = run .. "/" .. step .. "@" .. revision
  local key = call:key("made:", step_run)
  local bound_at = redis.call("HGET", Runs.step_key(call, run, step), "brev") or revision
  redis.call("HSET", key, "pipeline", Runs.facts(call, run).pipeline, "at", Text.int(call:now()),
    "rev", bound_at, "bound", bound or "", "out", table.concat(made, ITEM))
  if origin then
    redis.call("HSET", key, "cached", origin)
  end
  if #outputs == 0 or origin then
    redis.call("HSET", key, "listed", Text.int(#versions))
  end
  for _, name in ipairs(versions) do
    list_user(call, name, step_run, revision)
  end
end
