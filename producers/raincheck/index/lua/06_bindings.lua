-- Bindings: what a step's references resolved to, found once and then kept.
--
-- In step scope a step's references are resolved together. In run scope all references
-- of the run are resolved together, by whichever step is claimed first, and kept in the
-- run's record.
--
-- Keys: step:<run>/<step> (bn, brev, bc, b<i>, r<i>, m<i>), run:<id> (bound, b:<reference>,
-- n:<reference>); see 03_runs.lua

local Bindings = {}

-- The versions of an artifact among the events that started a run, each once, in their
-- order of publication.
local function triggering(trigger, artifact)
  local found, seen = {}, {}
  for _, packed in ipairs(Text.split(trigger, ITEM)) do
    local entry = Text.split(packed, FIELD)
    if entry[3] == artifact and not seen[entry[4]] then
      seen[entry[4]] = true
      found[#found + 1] = { version = entry[4], sequence = tonumber(entry[5]) }
    end
  end
  table.sort(found, function(a, b) return a.sequence < b.sequence end)
  return found
end

-- The triggering versions of a reference to them: fixed when the run was created.
local function unfold_trigger(call, run, ref)
  local versions = {}
  for i, one in ipairs(triggering(Runs.get(call, run, "trigger"), ref.artifact)) do
    versions[i] = one.version
  end
  return ref.argument == "all" and versions or { versions[#versions] }
end

-- What a reference that stands for several stands for; nil when it is to be looked up as it is,
-- which says what is missing. In run scope a list is found once, like all else.
local function unfold(call, run, ref, scope)
  if ref.kind == "g" then
    local versions = unfold_trigger(call, run, ref)
    return (ref.argument == "all" or versions[1]) and versions
  end
  if ref.take == "" then
    return nil
  end
  local kept = scope.bound and Runs.get(call, run, "n:" .. ref.item)
  if kept then
    return Text.split(kept, ITEM)
  end
  local versions, missed, of = References.list(call, ref)
  ref.missed = missed
  if versions then
    scope.lists[ref.item] = table.concat(versions, ITEM)
  end
  return versions, of
end

-- References as they are written become those to resolve; second, for how many each stands.
local function unfold_all(call, run, packed, scope)
  local out, counts = {}, {}
  for i, ref in ipairs(References.unpack(packed)) do
    local versions, of = unfold(call, run, ref, scope)
    for _, version in ipairs(versions or {}) do
      local one = References.fixed(ref, version, of)
      one.held = ref.kind == "g" -- fixed when the run was created
      out[#out + 1] = one
    end
    if not versions then
      out[#out + 1] = ref
    end
    counts[i] = Text.int(versions and #versions or 1)
  end
  return out, table.concat(counts, ",")
end

local function from_run(call, run, ref)
  local stored = redis.call("HGET", Runs.key(call, run), "b:" .. ref.item)
  local parts = Text.split(stored, FIELD)
  local bound = {
    artifact = parts[1], kind = "v", argument = parts[2], key = ref.key, held = true,
    of = parts[3] or "",
  }
  local found, missed = References.resolve(call, bound, run)
  if missed then
    missed.ref, missed.code = ref, "binding-gone"
  end
  return found, missed
end

local function from_scope(refs, scope, found)
  local by_item = {}
  for i, ref in ipairs(scope) do
    by_item[ref.item] = found[i]
  end
  local bound = {}
  for i, ref in ipairs(refs) do
    bound[i] = by_item[ref.item]
  end
  return bound
end

-- Outputs of earlier steps are fixed; all other references of a run-scoped step come
-- from the run.
local function find_in_run_scope(call, run, refs, scope)
  local outputs, floating = {}, {}
  for _, ref in ipairs(refs) do
    table.insert(ref.kind == "o" and outputs or floating, ref)
  end
  local done, misses = References.resolve_all(call, outputs, run)
  if not done then
    return nil, misses
  end
  local bound, run_bindings
  local revision = scope.bound
  if revision then
    bound = {}
    for i, ref in ipairs(floating) do
      local missed
      bound[i], missed = from_run(call, run, ref)
      if missed then
        return nil, { missed }
      end
    end
  else
    local all = unfold_all(call, run, scope.packed, scope)
    local found, missed = References.resolve_all(call, all, run)
    if not found then
      return nil, missed
    end
    bound = from_scope(floating, all, found)
    run_bindings = { scope = all, found = found, lists = scope.lists }
    revision = call:current_revision()
  end
  local merged, next_output, next_floating = {}, 1, 1
  for i, ref in ipairs(refs) do
    if ref.kind == "o" then
      merged[i], next_output = done[next_output], next_output + 1
    else
      merged[i], next_floating = bound[next_floating], next_floating + 1
    end
  end
  return { values = merged, revision = revision, run_bindings = run_bindings }
end

-- Resolves a step's references -> {values, counts, revision, run_bindings?} | nil, misses.
-- Reads only.
function Bindings.find(call, run, packed)
  local missed = Models.fix(call, run)
  if missed then
    return nil, { missed }
  end
  local scope = { packed = Runs.spec(call, run, "refs"), lists = {} }
  if scope.packed ~= "" then
    scope.bound = Runs.get(call, run, "bound")
  end
  local refs, counts = unfold_all(call, run, packed, scope)
  if scope.packed ~= "" then
    local found, misses = find_in_run_scope(call, run, refs, scope)
    if found then
      found.counts = counts
    end
    return found, misses
  end
  local values, misses = References.resolve_all(call, refs, run)
  if not values then
    return nil, misses
  end
  return { values = values, counts = counts, revision = call:current_revision() }
end

-- Writes what `find` found into the records.
function Bindings.keep(call, run, step, found)
  local key = Runs.step_key(call, run, step)
  local fields = { "bn", Text.int(#found.values), "brev", Text.int(found.revision),
    "bc", found.counts }
  local function add(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  for i, b in ipairs(found.values) do
    add("b" .. i, table.concat({ b[1], b[2], b[3], b[7] }, FIELD))
    add("r" .. i, b[4])
    if b[6] then
      add("m" .. i, b[6])
    end
  end
  Batch.write("HSET", key, fields)
  Models.keep(call, run)
  if found.run_bindings then
    redis.call("HSET", Runs.key(call, run), "bound", Text.int(found.revision))
    for i, ref in ipairs(found.run_bindings.scope) do
      local b = found.run_bindings.found[i]
      local packed = table.concat({ b[1], b[2], b[7] }, FIELD)
      redis.call("HSET", Runs.key(call, run), "b:" .. ref.item, packed)
    end
    for item, versions in pairs(found.run_bindings.lists) do
      redis.call("HSET", Runs.key(call, run), "n:" .. item, versions)
    end
  end
end

-- The kept bindings of a step, in the form that `find` gives, or nil. `gone` is the miss of
-- the first that was deleted so long ago that its record is gone.
function Bindings.kept(call, run, step)
  local key = Runs.step_key(call, run, step)
  local head = redis.call("HMGET", key, "bn", "brev", "bc")
  if not head[1] then
    return nil
  end
  local values, gone = {}, nil
  for i = 1, tonumber(head[1]) do
    local stored = redis.call("HMGET", key, "b" .. i, "r" .. i, "m" .. i)
    local parts = Text.split(stored[1], FIELD)
    local record = Deleted.record(call:reading(parts[4]), parts[1], parts[2])
    local inline = record and not stored[3] and redis.call("HGET", record, "inline") or false
    if not record and not gone then
      gone = Deleted.miss(Deleted.find(call:reading(parts[4]), parts[1], parts[2]), "binding-gone")
      gone.ref = { written = parts[1] .. "@" .. parts[2], wait = 0 }
    end
    values[i] = { parts[1], parts[2], parts[3], stored[2], inline, stored[3], parts[4] }
  end
  return { values = values, counts = head[3] or "", revision = tonumber(head[2]), gone = gone }
end
