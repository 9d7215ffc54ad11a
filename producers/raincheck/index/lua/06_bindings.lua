-- Bindings: what a step's references resolved to, found once and then kept.
--
-- In step scope a step's references are resolved together. In run scope all references
-- of the run are resolved together, by whichever step is claimed first, and kept in the
-- run's record.
--
-- Keys: step:<run>/<step> (bn, brev, b<i>, r<i>, m<i>), run:<id> (bound, b:<reference>);
-- see 03_runs.lua

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

local function fixed(ref, version)
  return {
    item = ref.item .. version, written = ref.written, artifact = ref.artifact, kind = "v",
    argument = version, key = ref.key, wait = ref.wait,
  }
end

-- References as they are written become those to resolve: a triggering version is fixed
-- when the run is created, and one reference may stand for several of them.
function Bindings.unpack(call, run, packed)
  local refs, out, trigger = References.unpack(packed), {}, nil
  for _, ref in ipairs(refs) do
    if ref.kind == "g" then
      trigger = trigger or Runs.get(call, run, "trigger") or ""
      local versions = triggering(trigger, ref.artifact)
      for i, one in ipairs(versions) do
        if ref.argument == "all" or i == #versions then
          out[#out + 1] = fixed(ref, one.version)
        end
      end
      if #versions == 0 and ref.argument == "one" then
        out[#out + 1] = ref
      end
    else
      out[#out + 1] = ref
    end
  end
  return out
end

local function from_run(call, run, ref)
  local stored = redis.call("HGET", Runs.key(call, run), "b:" .. ref.item)
  local parts = Text.split(stored, FIELD)
  local bound = { artifact = parts[1], kind = "v", argument = parts[2], key = ref.key }
  return (References.resolve(call, bound, run))
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
local function find_in_run_scope(call, run, refs, packed_scope)
  local outputs, floating = {}, {}
  for _, ref in ipairs(refs) do
    table.insert(ref.kind == "o" and outputs or floating, ref)
  end
  local done, misses = References.resolve_all(call, outputs, run)
  if not done then
    return nil, misses
  end
  local bound, run_bindings
  local revision = Runs.get(call, run, "bound")
  if revision then
    bound = {}
    for i, ref in ipairs(floating) do
      bound[i] = from_run(call, run, ref)
    end
  else
    local scope = Bindings.unpack(call, run, packed_scope)
    local found, missed = References.resolve_all(call, scope, run)
    if not found then
      return nil, missed
    end
    bound, run_bindings = from_scope(floating, scope, found), { scope = scope, found = found }
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

-- Resolves a step's references -> {values, revision, run_bindings?} | nil, misses.
-- Reads only.
function Bindings.find(call, run, packed)
  local refs = Bindings.unpack(call, run, packed)
  local scope = Runs.spec(call, run, "refs")
  if scope ~= "" then
    return find_in_run_scope(call, run, refs, scope)
  end
  local values, misses = References.resolve_all(call, refs, run)
  if not values then
    return nil, misses
  end
  return { values = values, revision = call:current_revision() }
end

-- Writes what `find` found into the records.
function Bindings.keep(call, run, step, found)
  local key = Runs.step_key(call, run, step)
  local fields = { "bn", Text.int(#found.values), "brev", Text.int(found.revision) }
  local function add(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  for i, b in ipairs(found.values) do
    add("b" .. i, b[1] .. FIELD .. b[2] .. FIELD .. b[3])
    add("r" .. i, b[4])
    if b[6] then
      add("m" .. i, b[6])
    end
  end
  redis.call("HSET", key, unpack(fields))
  if found.run_bindings then
    redis.call("HSET", Runs.key(call, run), "bound", Text.int(found.revision))
    for i, ref in ipairs(found.run_bindings.scope) do
      local b = found.run_bindings.found[i]
      redis.call("HSET", Runs.key(call, run), "b:" .. ref.item, b[1] .. FIELD .. b[2])
    end
  end
end

-- The kept bindings of a step, in the form that `find` gives, or nil.
function Bindings.kept(call, run, step)
  local key = Runs.step_key(call, run, step)
  local head = redis.call("HMGET", key, "bn", "brev")
  if not head[1] then
    return nil
  end
  local values = {}
  for i = 1, tonumber(head[1]) do
    local stored = redis.call("HMGET", key, "b" .. i, "r" .. i, "m" .. i)
    local parts = Text.split(stored[1], FIELD)
    local inline = false
    if not stored[3] then
      inline = redis.call("HGET", call:key("ver:", parts[1], ":", parts[2]), "inline")
    end
    values[i] = { parts[1], parts[2], parts[3], stored[2], inline, stored[3] }
  end
  return { values = values, revision = tonumber(head[2]) }
end
