-- Resolving references: all of a step's in one script, so at one revision.
--
-- A packed reference is these fields, joined by FIELD; references are joined by ITEM:
--   written, artifact, kind, argument, second argument, metadata key, wait (ms or "")
-- kinds: v version  l latest  a alias  b best (metric, min|max)  t tag
--        w where (conditions)  o output of an earlier step (step, output)
--        g triggering version (one|all): replaced by those of the run, see 06_bindings.lua
--
-- Keys of this file (read only)
--   art:<artifact>             hash  next (last number given), seq     for ever
--   vers:<artifact>            zset  version by sequence                for ever
--   ver:<artifact>:<version>   hash  seq, rev, at, rec, ev (event), by (pipeline),
--                                    inline, m:<key>, t:<tag>; of those that came later
--                                    l:m:<key>, l:t:<tag> revision;
--                                    unlisted (see 25_lineage.lua)
--                                                                      for ever
--   alias:<artifact>           hash  alias -> version                  for ever
--   best:<artifact>:<key>      zset  %016d sequence by number          for ever
--   tag:<artifact>:<tag>       zset  version by sequence               for ever

local References = {}

-- Candidates that one `where` may look at: 1,000 are 0.9 ms.
local WHERE_LIMIT = 1000
-- Bytes of metadata that one step may bind; they are kept in its record.
local PROJECTION_LIMIT = 65536

function References.unpack(packed)
  local out = {}
  for i, item in ipairs(Text.split(packed, ITEM)) do
    local f = Text.split(item, FIELD)
    out[i] = {
      item = item, written = f[1], artifact = f[2], kind = f[3], argument = f[4], second = f[5],
      key = f[6], wait = tonumber(f[7]),
    }
  end
  return out
end

-- A miss: `code` for a person, `watch` the wait key whose firing can cure it, `final`
-- when nothing can.
local function miss(code, watch, final)
  return { code = code, watch = watch, final = final }
end

local function unknown(call, artifact, code, watch)
  if redis.call("EXISTS", call:key("vers:", artifact)) == 0 then
    return miss("artifact-unknown", watch)
  end
  return miss(code, watch)
end

local Select = {}

function Select.v(call, ref)
  if redis.call("EXISTS", call:key("ver:", ref.artifact, ":", ref.argument)) == 1 then
    return ref.argument
  end
  local watch = "v:" .. ref.artifact .. "@" .. ref.argument
  if string.find(ref.argument, "^%d+$") then
    -- The counter goes from 1 upwards and writes no leading zeros.
    local given = tonumber(redis.call("HGET", call:key("art:", ref.artifact), "next") or 0)
    if tonumber(ref.argument) <= given or string.find(ref.argument, "^0") then
      return nil, miss("version-passed", watch, true)
    end
  end
  return nil, unknown(call, ref.artifact, "version-unknown", watch)
end

function Select.l(call, ref)
  local newest = redis.call("ZREVRANGE", call:key("vers:", ref.artifact), 0, 0)[1]
  if newest then
    return newest
  end
  return nil, miss("artifact-unknown", "n:" .. ref.artifact)
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

local Compare = {
  lt = function(a, b) return a < b end,
  le = function(a, b) return a <= b end,
  gt = function(a, b) return a > b end,
  ge = function(a, b) return a >= b end,
}

-- Whether one metadata value, raw JSON or false, satisfies a condition.
function References.holds(raw, operator, wanted)
  if not raw then
    return false
  end
  if operator == "exists" then
    return true
  end
  local a, b = Text.json_number(raw), Text.json_number(wanted)
  if operator == "eq" then
    return raw == wanted or (a ~= nil and a == b)
  end
  return a ~= nil and b ~= nil and Compare[operator](a, b)
end

function Select.w(call, ref)
  local conditions, fields = {}, {}
  for i, term in ipairs(Text.split(ref.argument, TERM)) do
    conditions[i] = Text.split(term, PART)
    fields[i] = "m:" .. conditions[i][1]
  end
  local newest = redis.call("ZREVRANGE", call:key("vers:", ref.artifact), 0, WHERE_LIMIT)
  for place, version in ipairs(newest) do
    if place > WHERE_LIMIT then
      return nil, miss("too-selective", "q:" .. ref.artifact, true)
    end
    local key, all = call:key("ver:", ref.artifact, ":", version), true
    local values = redis.call("HMGET", key, unpack(fields))
    for i, condition in ipairs(conditions) do
      all = all and References.holds(values[i], condition[2], condition[3])
    end
    if all then
      return version
    end
  end
  return nil, unknown(call, ref.artifact, "no-candidate", "q:" .. ref.artifact)
end

-- What is left of these has no version among those that started the run.
function Select.g()
  return nil, miss("not-triggered", "", true)
end

-- An output of a step of the same run: it has succeeded, or this step were not ready.
function Select.o(call, ref, run)
  local stored = redis.call("HGET", call:key("step:", run, "/", ref.argument), "o:" .. ref.second)
  if not stored then
    return nil, miss("no-output", "", true)
  end
  local parts = Text.split(stored, FIELD)
  ref.artifact = parts[1]
  return parts[2]
end

-- One reference -> {artifact, version, sequence, record, inline|false, metadata|false}
-- or nil and a miss.
function References.resolve(call, ref, run)
  local version, missed = Select[ref.kind](call, ref, run)
  if not version then
    return nil, missed
  end
  local key = call:key("ver:", ref.artifact, ":", version)
  if ref.key == "" then
    local v = redis.call("HMGET", key, "seq", "rec", "inline")
    return { ref.artifact, version, v[1], v[2], v[3], false }
  end
  local v = redis.call("HMGET", key, "seq", "rec", "m:" .. ref.key)
  if not v[3] then
    local fixed = ref.kind == "v" or ref.kind == "o"
    local one = "m:" .. ref.artifact .. "@" .. version .. "#" .. ref.key
    -- A floating reference is cured by another version or by this one's metadata;
    -- `q` fires at both, so that one watch is enough.
    return nil, miss("metadata-key-unknown", fixed and one or "q:" .. ref.artifact)
  end
  return { ref.artifact, version, v[1], v[2], false, v[3] }
end

-- All references -> list of bindings, or nil and the list of misses, each with its
-- reference.
function References.resolve_all(call, refs, run)
  local bound, misses, projected = {}, {}, 0
  for i, ref in ipairs(refs) do
    local binding, missed = References.resolve(call, ref, run)
    if binding then
      bound[i] = binding
      projected = projected + (binding[6] and #binding[6] or 0)
      if projected > PROJECTION_LIMIT then
        binding, missed = nil, miss("metadata-too-large", "", true)
      end
    end
    if missed then
      missed.ref = ref
      misses[#misses + 1] = missed
    end
  end
  if #misses > 0 then
    return nil, misses
  end
  return bound
end

-- resolve(run or "", packed) -> {revision, per reference: "1", its six values
-- | "0", code, "1" when final}
function References.read(keys, args)
  local call = Call.open(keys, args)
  local out = { Text.int(call:current_revision()) }
  for _, ref in ipairs(References.unpack(args[2])) do
    local binding, missed = References.resolve(call, ref, args[1])
    out[#out + 1] = binding and { "1", unpack(binding) }
      or { "0", missed.code, missed.final and "1" or "0" }
  end
  return out
end

redis.register_function({
  function_name = "rc1_resolve", callback = References.read, flags = { "no-writes" },
})
