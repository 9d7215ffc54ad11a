-- Waiting: parking a step that misses something, and waking it when it may be there.
--
-- A parked step is registered under one wait key, that of its first missing reference:
-- a change of any other cannot make it runnable. Looking and parking are one script, so
-- no change falls between them. A change only marks the wait key (O(1)); `wake` moves
-- the waiters in slices.
--
-- Keys of this file
--   wait:v:<artifact>@<version>         set  <run>/<step>, each in one of these
--   wait:n:<artifact>                        a first version
--   wait:a:<artifact>:<alias>                the alias
--   wait:m:<artifact>@<version>#<key>        metadata of a fixed version
--   wait:q:<artifact>                        any change of the artifact
--   wait:c:<key>                             the end of a computation, see 29_reuse.lua
--   wait:d:<artifact>@<version>              the deletion of a version that they ask for by its
--                                            name; beside the one of these that they wait in
--                                       until woken
--   wake:<...>  set   waiters of a fired key that are not looked at yet   until woken
--   waiting     zset  <run>/<step> in state W by the server ms of its parking
--   dirty       zset  f|<wait key> fired, k|<wait key> being woken, g|<artifact>@<version>
--                     deleted, d of which waits; a|<artifact> has
--                     subscriptions to mark, s|<subscription> has events to look at, p|<lane>
--                     may start runs; by revision

local Waits = {}

function Waits.fire(call, watch)
  if redis.call("EXISTS", call:key("wait:", watch)) == 1 then
    redis.call("ZADD", call:key("dirty"), call:revision(), "f|" .. watch)
    call.dirty = true
  end
end

-- Whom the deletion of a version concerns: who asks for it by its name, and waits for something
-- else. Such a step fails at once. Kept in the step's record, as `pins`.
local function pin(call, run, step, key, watch)
  local packed, names = Runs.spec(call, run, "refs"), {}
  if packed == "" then
    packed = redis.call("HGET", key, "refs")
  end
  for _, ref in ipairs(References.unpack(packed)) do
    local name = ref.artifact .. "@" .. ref.argument
    if ref.kind == "v" and watch ~= "v:" .. name then
      names[#names + 1] = name
      redis.call("SADD", call:key("wait:d:", name), run .. "/" .. step)
    end
  end
  if #names > 0 then
    redis.call("HSET", key, "pins", table.concat(names, " "))
  end
end

local function unpin(call, run, step)
  local key = Runs.step_key(call, run, step)
  local names = redis.call("HGET", key, "pins")
  for _, name in ipairs(Text.split(names, " ")) do
    redis.call("SREM", call:key("wait:d:", name), run .. "/" .. step)
  end
  if names then
    redis.call("HDEL", key, "pins")
  end
end

-- Who asks for a version by its name is to be looked at: it was deleted, here or in the fall-back.
function Waits.mark_deleted(call, artifact, version, revision)
  local name = artifact .. "@" .. version
  if redis.call("EXISTS", call:key("wait:d:", name)) == 1 then
    redis.call("ZADD", call:key("dirty"), Text.int(revision), "g|" .. name)
    call.dirty = true
  end
end

function Waits.deleted(call, artifact, version)
  Waits.mark_deleted(call, artifact, version, call:revision())
end

local function pack_misses(misses, first_park, default)
  local items, earliest, passed = {}, nil, false
  for i, missed in ipairs(misses) do
    local wait = missed.ref.wait or default
    local deadline = first_park + wait
    items[i] = table.concat({
      missed.ref.written, missed.code, Text.int(deadline), missed.detail or "",
      missed.looked or "" }, FIELD)
    earliest = math.min(earliest or deadline, deadline)
    passed = passed or missed.final or wait == 0
  end
  return table.concat(items, ITEM), earliest, passed
end

-- Parks a step, or says that it must fail: "PARKED" | "FAILED", packed misses.
-- Waits count from the first parking; a zero wait and a final miss fail at once.
function Waits.park(call, run, step, misses)
  local key = Runs.step_key(call, run, step)
  local first_park = tonumber(redis.call("HGET", key, "first_park") or call:now())
  local default = tonumber(Runs.facts(call, run).wait)
  local packed, earliest, passed = pack_misses(misses, first_park, default)
  redis.call("HSET", key, "missing", packed, "first_park", Text.int(first_park))
  if passed or earliest <= call:now() then
    Ends.fail(call, run, step, "unresolved")
    return "FAILED", packed
  end
  Waits.watch(call)
  local watch = misses[1].watch
  redis.call("SADD", call:key("wait:", watch), run .. "/" .. step)
  redis.call("HSET", key, "park", watch)
  pin(call, run, step, key, watch)
  Runs.unhint(call, run, { step })
  Runs.set_state(call, run, step, "W")
  Runs.timer(call, "w|" .. run .. "/" .. step, earliest)
  redis.call("ZADD", call:key("waiting"), call:now(), run .. "/" .. step)
  return "PARKED", packed
end

local function unwait(call, run, step)
  unpin(call, run, step)
  Runs.untimer(call, "w|" .. run .. "/" .. step)
  redis.call("ZREM", call:key("waiting"), run .. "/" .. step)
end

-- Takes a step out of the wait set that it is in.
function Waits.leave(call, run, step)
  local key = Runs.step_key(call, run, step)
  local watch = redis.call("HGET", key, "park")
  if watch then
    redis.call("SREM", call:key("wait:", watch), run .. "/" .. step)
    redis.call("SREM", call:key("wake:", watch), run .. "/" .. step)
    redis.call("HDEL", key, "park")
    unwait(call, run, step)
  end
end

-- Looks again at what a step misses that is in no wait set now: ready (its message is
-- returned), parked anew, or failed because a wait has ended.
function Waits.look(call, run, step)
  local key = Runs.step_key(call, run, step)
  unwait(call, run, step)
  local asked = redis.call("HMGET", key, "refs", "bn")
  if asked[2] then
    return Waits.look_for_outputs(call, run, step) -- it is bound, and waits for a computation
  end
  local found, misses = Bindings.find(call, run, asked[1])
  if found then
    redis.call("HDEL", key, "park", "missing")
    return Runs.ready(call, run, { step })[1]
  end
  Waits.park(call, run, step, misses)
  return nil
end

-- What to do with each kind of row of `dirty`; 22_advance.lua and 23_backfill.lua add theirs.
-- Each takes the row's subject, its revision, what may be spent, and the messages; returns what
-- it spent.
Waits.on_dirty = {}

function Waits.on_dirty.f(call, watch, _, left, out)
  -- Those who wait now are looked at once; who parks again waits for the next firing.
  local waiting, waking = call:key("wait:", watch), call:key("wake:", watch)
  if redis.call("EXISTS", waking) == 1 then
    return Waits.on_dirty.k(call, watch, nil, left, out) -- those of the firing before, first
  end
  redis.call("ZREM", call:key("dirty"), "f|" .. watch)
  if redis.call("EXISTS", waiting) == 0 then
    return 1
  end
  redis.call("RENAME", waiting, waking)
  redis.call("ZADD", call:key("dirty"), call:current_revision(), "k|" .. watch)
  return Waits.on_dirty.k(call, watch, nil, left, out)
end

-- Takes a slice of the waiters out of a set, and looks again at each that still waits; the row of
-- `dirty` goes with the last. Returns what it spent.
local function look_at_slice(call, waiters, row, left, look, out)
  local spent = 1
  for _, member in ipairs(redis.call("SPOP", waiters, Text.int(math.ceil(left)))) do
    local run, step = Runs.parse(member)
    spent = spent + 1
    if Runs.state(call, run, step) == "W" then
      out[#out + 1] = look(call, run, step)
    end
  end
  if redis.call("EXISTS", waiters) == 0 then
    redis.call("ZREM", call:key("dirty"), row)
  end
  return spent
end

function Waits.on_dirty.k(call, watch, _, left, out)
  return look_at_slice(call, call:key("wake:", watch), "k|" .. watch, left, Waits.look, out)
end

-- They are in the wait set of something else, too.
local function leave_and_look(call, run, step)
  Waits.leave(call, run, step)
  return Waits.look(call, run, step)
end

function Waits.on_dirty.g(call, name, _, left, out)
  return look_at_slice(call, call:key("wait:d:", name), "g|" .. name, left, leave_and_look, out)
end

-- The next thing to look at: what has just changed goes before what can wait its turn.
local function next_row(call)
  for _, name in ipairs({ "dirty", "behind" }) do
    local row = redis.call("ZRANGE", call:key(name), 0, 0, "WITHSCORES")
    if row[1] then
      return string.sub(row[1], 1, 1), string.sub(row[1], 3), tonumber(row[2])
    end
  end
  return nil
end

-- wake(limit) -> {"1" when more is left, messages...}; looks at no more than about `limit`
-- waiters, sixteen times as many events, or a third as many runs to start.
function Waits.wake(keys, args)
  local call = Call.open(keys, args)
  local left, out = tonumber(args[1]), { "0" }
  while left > 0 do
    local kind, subject, revision = next_row(call)
    if not kind then
      return out
    end
    left = left - Waits.on_dirty[kind](call, subject, revision, left, out)
  end
  out[1] = "1"
  return out
end

redis.register_function("rc1_wake", Waits.wake)
