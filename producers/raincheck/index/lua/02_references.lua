-- Resolving references: all of a step's in one script, so at one revision.
--
-- A packed reference is these fields, joined by FIELD; references are joined by ITEM:
--   written, artifact, kind, argument, second argument, metadata key, wait (ms or ""),
--   moment (see 02_asof.lua, or "" for now), take ("", a number or "all")
-- kinds: v version  l latest  n nth (how many before the newest)  a alias
--        b best (metric, min|max)  t tag  w where (conditions)  p pipeline  r run
--        o output of an earlier step (step, output)
--        m member of a model (its name; v, a, l or n and the argument of that selector)
--        g triggering version (one|all)
-- One with a `take`, or of the kind g, stands for several: 06_bindings.lua unfolds it.
--
-- Keys of this file (read only)
--   art:<artifact>             hash  next (last number given), seq, since (moment of the first
--                                    publication, see 02_asof.lua)     for ever
--   vers:<artifact>            zset  version by sequence                for ever
--   ver:<artifact>:<version>   hash  seq, rev, at, ev (event), by (pipeline), run,
--                                    inline, m:<key>, t:<tag>; of those that came later
--                                    l:m:<key>, l:t:<tag> revision and ms;
--                                    record, see 02_records.lua; unlisted, see 28_lineage.lua;
--                                    in, see 29_members.lua
--                                                                      for ever
--   newest:<artifact>          hash  p:<pipeline>, r:<run> -> newest; fp:<pipeline>, and of a
--                                    run that published several fr:<run>, a sequence before
--                                    which there is none                for ever
--   alias:<artifact>           hash  alias -> version                  for ever
--   best:<artifact>:<key>      zset  %016d sequence by number          for ever
--   tag:<artifact>:<tag>       zset  version by sequence               for ever

local References = {}

-- Bytes of metadata that one step may bind; they are kept in its record.
local PROJECTION_LIMIT = 65536
-- Versions that one step may bind, lists unfolded.
local VERSION_LIMIT = 1000

function References.unpack(packed)
  local out = {}
  for i, item in ipairs(Text.split(packed, ITEM)) do
    local f = Text.split(item, FIELD)
    out[i] = {
      item = item, written = f[1], artifact = f[2], kind = f[3], argument = f[4], second = f[5],
      key = f[6], wait = tonumber(f[7]), as_of = f[8], moment = Moments.read(f[8]),
      take = f[9] or "",
    }
  end
  return out
end

-- Which namespace a reference is answered from; fixed once it is found.
function References.source(call, ref)
  if ref.of then
    return call:reading(ref.of)
  end
  return ref.kind == "o" and call or call:answering(ref.artifact, ref.moment)
end

-- One version of those that a reference stands for, in the namespace that has it, "" for the
-- own one.
function References.fixed(ref, version, of)
  return {
    item = ref.item .. version, written = ref.written, artifact = ref.artifact, kind = "v",
    argument = version, key = ref.key, wait = ref.wait, moment = ref.moment, take = "",
    listed = ref.take ~= "", of = of or "",
  }
end

-- The value of a metadata key, if the version had it by then; or a miss.
local function projected(call, ref, version, raw, later)
  if raw and Moments.there(later, ref.moment) then
    return raw
  end
  local fixed = (ref.kind == "v" or ref.kind == "o") and not ref.listed
  local one = "m:" .. ref.artifact .. "@" .. version .. "#" .. ref.key
  -- A floating reference is cured by another version or by this one's metadata;
  -- `q` fires at both, so that one watch is enough.
  local changed = ref.kind == "m" and "q:model/" .. ref.argument or "q:" .. ref.artifact
  local watch = fixed and one or changed
  return nil, Choose.miss("metadata-key-unknown", watch, ref.moment ~= nil)
end

-- The key of a chosen version's record, or nil and a miss. An output of an earlier step, and
-- what is `held`, was given before: it may have been deleted since.
local function record_of(call, ref, version)
  if ref.kind ~= "o" and not ref.held then
    return call:key("ver:", ref.artifact, ":", version)
  end
  local key = Deleted.record(call, ref.artifact, version)
  if key then
    return key
  end
  return nil, Deleted.miss(Deleted.find(call, ref.artifact, version))
end

local function resolve_in(call, ref, run)
  local version, missed = Choose.version(call, ref, run)
  if not version then
    return nil, missed
  end
  local key
  key, missed = record_of(call, ref, version)
  if not key then
    return nil, missed
  end
  local known, v, raw
  if ref.key == "" then
    known, v = Records.look(call, key, "inline", "seq")
    return { ref.artifact, version, known.sequence, known.record, v[1], false, call.of }
  end
  known, v = Records.look(call, key, "m:" .. ref.key, "l:m:" .. ref.key)
  raw, missed = projected(call, ref, version, v[1], v[2])
  if not raw then
    return nil, missed
  end
  return { ref.artifact, version, known.sequence, known.record, false, raw, call.of }
end

-- One reference -> {artifact, version, sequence, record, inline|false, metadata|false; its
-- namespace when it is the fall-back's} or nil and a miss.
function References.resolve(call, ref, run)
  if ref.missed then
    return nil, ref.missed
  end
  local source = References.source(call, ref)
  local binding, missed = resolve_in(source, ref, run)
  if missed and ref.kind ~= "o" and ref.kind ~= "g" then
    missed.looked = call:looked(source, ref.artifact)
  end
  return binding, missed
end

-- What a reference with a `take` stands for: {versions...}, or nil and a miss; and the name of
-- the fall-back when they are of there.
function References.list(call, ref)
  local source = References.source(call, ref)
  local versions, missed = Choose.list(source, ref)
  if missed then
    missed.looked = call:looked(source, ref.artifact)
  end
  return versions, missed, source.of
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
        missed = Choose.miss("metadata-too-large", "", true)
      elseif i > VERSION_LIMIT then
        missed = Choose.miss("too-many", "", true)
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

local function missing(missed)
  return {
    "0", missed.code, missed.final and "1" or "0", missed.detail or "", missed.looked or "",
  }
end

-- The answers to a list, one after another; the first that is missing is the answer to all.
local function read_list(call, ref, run)
  local versions, missed, of = References.list(call, ref)
  if not versions then
    return missing(missed)
  end
  local out = { "L" }
  for _, version in ipairs(versions) do
    local binding
    binding, missed = References.resolve(call, References.fixed(ref, version, of), run)
    if not binding then
      return missing(missed)
    end
    out[#out + 1] = binding
  end
  return out
end

-- resolve(run or "", packed): for a run, as it would find them
-- -> {revision, per reference: "1", its six values | "L", six values each
--     | "0", code, "1" when final, detail (see Deleted.miss) or "", with a fall-back where it was
--       looked for or ""}
-- Of a version of the fall-back a seventh value is its namespace.
function References.read(keys, args)
  local call = Call.open(keys, args)
  local out = { Text.int(call:current_revision()) }
  if args[1] ~= "" then
    References.know_run(call, args[1])
  end
  for _, ref in ipairs(References.unpack(args[2])) do
    if ref.take ~= "" then
      out[#out + 1] = read_list(call, ref, args[1])
    else
      local binding, missed = References.resolve(call, ref, args[1])
      out[#out + 1] = binding and { "1", unpack(binding) } or missing(missed)
    end
  end
  return out
end

redis.register_function({
  function_name = "rc1_resolve", callback = References.read, flags = { "no-writes" },
})
