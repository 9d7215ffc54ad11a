#!lua name=raincheck_1
-- Raincheck's function library, protocol 1: every change of state of the index.
--
-- The files of this folder are joined in the order of their names. Each registered
-- function takes one key, the prefix `rc:{<namespace>}:`, under which it builds all
-- others (one hash tag, so one slot of a cluster). A function first reads and checks
-- everything, then writes: neither Lua nor MULTI rolls back.
--
-- User JSON travels as raw text and is never decoded or encoded here: cjson turns
-- empty lists into objects and loses integers above 2^53. Ids and nonces come from
-- the caller: `math.random` repeats after a restart.
--
-- Helpers live in tables, and in the larger files within `do ... end`, because a chunk may
-- hold 200 locals. Nothing is global because one global poisons a server for every later script.
--
-- Keys of this file
--   index   hash    epoch, revision, at (ms of the last), tick, protocol,
--                   resent, bad, forgotten (id of an event);
--                   fallback, fallback_next, see 02_overlay.lua  for ever
--   events  stream  id <revision>-<i>; fields: see events.py   7 days, 1,000,000 entries
--   bad     stream  messages that were put aside, with reason   10,000 entries

local FIELD, ITEM = "\31", "\30" -- packed references: fields of one, one after another
local TERM, PART = "\29", "\28" -- conditions of one selector, parts of one condition

local Text = {}

function Text.split(text, separator)
  local out, start = {}, 1
  if not text or text == "" then
    return out
  end
  while true do
    local at = string.find(text, separator, start, true)
    if not at then
      out[#out + 1] = string.sub(text, start)
      return out
    end
    out[#out + 1] = string.sub(text, start, at - 1)
    start = at + 1
  end
end

-- `%d` and not `tostring`: no exponent, no fraction, whatever the Lua version.
function Text.int(number)
  return string.format("%d", number)
end

-- A JSON number as a number; nil for every other text, also for those that `tonumber`
-- takes and JSON does not (`0x10`, ` 1`, `1 `, `nan`).
function Text.json_number(raw)
  if not raw or not string.find(raw, "^%-?%d[%d%.eE%+%-]*$") then
    return nil
  end
  local number = tonumber(raw)
  if number and number == number and number > -math.huge and number < math.huge then
    return number
  end
  return nil
end

-- Whether an event's id, `<revision>-<position>`, comes before another's.
function Text.before(a, b)
  local a1, a2 = string.match(a, "^(%d+)-(%d+)$")
  local b1, b2 = string.match(b, "^(%d+)-(%d+)$")
  if a1 ~= b1 then
    return tonumber(a1) < tonumber(b1)
  end
  return tonumber(a2) < tonumber(b2)
end

-- The state of one call: its arguments read one after another, one clock reading, one
-- revision, raised when the first event is written, and what was read and cannot have changed.
local Call = {}
Call.__index = Call

function Call.open(keys, args)
  return setmetatable({
    prefix = keys[1], args = args, at = 0, event_count = 0, facts = {}, queues = {},
    forms = {}, records = {}, -- see 02_records.lua
    chosen = {}, -- see 02_choosing.lua
  }, Call)
end

function Call:take()
  self.at = self.at + 1
  return self.args[self.at]
end

function Call:number()
  return tonumber(self:take())
end

function Call:key(...)
  return self.prefix .. table.concat({ ... })
end

function Call:now()
  if not self.milliseconds then
    local time = redis.call("TIME")
    self.microseconds = tonumber(time[1]) * 1000000 + tonumber(time[2])
    self.milliseconds = math.floor(self.microseconds / 1000)
  end
  return self.milliseconds
end

function Call:tick()
  if not self.ticks then
    self.ticks = tonumber(redis.call("HGET", self:key("index"), "tick") or 0)
  end
  return self.ticks
end

function Call:revision()
  if not self.raised then
    local index = self:key("index")
    self.raised = redis.call("HINCRBY", index, "revision", 1)
    local last = tonumber(redis.call("HGET", index, "at") or 0)
    self.stamped = math.max(self:now(), last)
    if self.stamped > last then
      redis.call("HSET", index, "at", Text.int(self.stamped))
    end
  end
  return self.raised
end

-- The time of the revision, ms: the server's clock, but never before that of the revision
-- before it, so that a time stands for one revision even if the clock is set back.
function Call:stamp()
  self:revision()
  return self.stamped
end

-- The revision and the fall-back (see 02_overlay.lua) as they were when first asked for.
function Call:known()
  if not self.facts_of_index then
    self.facts_of_index = redis.call("HMGET", self:key("index"), "revision", "fallback")
  end
  return self.facts_of_index
end

function Call:current_revision()
  return self.raised or tonumber(self:known()[1] or 0)
end

-- Appends an event. `cause` is {run, depth, pipeline, quiet} or nil.
function Call:announce(kind, cause, ...)
  self.event_count = self.event_count + 1
  local fields = { "k", kind, "t", Text.int(self:stamp()), ... }
  local function add(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if cause then
    add("r", cause.run)
    add("d", cause.depth)
    add("w", cause.pipeline)
    if cause.quiet then
      add("q", "1")
    end
  end
  local id = Text.int(self:revision()) .. "-" .. Text.int(self.event_count)
  redis.call("XADD", self:key("events"), id, unpack(fields))
  return id
end

-- Subscriptions that a change marks itself; more are marked by `wake`, in slices.
local MARKED_AT_ONCE = 100

-- Marks the subscriptions to an artifact: they have an event to look at, of this revision
-- or, where they are marked already, of an earlier one.
function Call:mark_subscriptions(artifact)
  local key, dirty = self:key("subs:", artifact), self:key("dirty")
  local count = redis.call("ZCARD", key)
  if count == 0 then
    return
  end
  local revision, rows = Text.int(self:revision()), {}
  self.dirty = true
  if count > MARKED_AT_ONCE then
    redis.call("ZADD", dirty, "NX", revision, "a|" .. artifact)
    return
  end
  for _, name in ipairs(redis.call("ZRANGE", key, 0, -1)) do
    rows[#rows + 1] = revision
    rows[#rows + 1] = "s|" .. name
  end
  redis.call("ZADD", dirty, "NX", unpack(rows))
end

-- Puts a message aside; the arguments are the names and values of its fields.
function Call:quarantine(...)
  redis.call("HINCRBY", self:key("index"), "bad", 1)
  redis.call("XADD", self:key("bad"), "MAXLEN", "~", "10000", "*", ...)
end

-- Commands with more arguments than one call may unpack (about 8,000).
local Batch = {}
local BATCH = 1000

-- Calls a command for the arguments in turn; BATCH is even, so pairs stay together.
function Batch.write(command, key, arguments)
  for first = 1, #arguments, BATCH do
    local last = math.min(first + BATCH - 1, #arguments)
    redis.call(command, key, unpack(arguments, first, last))
  end
end

-- As `write`; the replies' items in one list.
function Batch.read(command, key, arguments)
  local out = {}
  for first = 1, #arguments, BATCH do
    local last = math.min(first + BATCH - 1, #arguments)
    for _, item in ipairs(redis.call(command, key, unpack(arguments, first, last))) do
      out[#out + 1] = item
    end
  end
  return out
end

local Index = {}

-- open(protocol, epoch) -> {epoch, revision, protocol}
-- The first caller gives the epoch and the protocol; both stay.
function Index.open(keys, args)
  local call = Call.open(keys, args)
  redis.call("HSETNX", call:key("index"), "protocol", args[1])
  redis.call("HSETNX", call:key("index"), "epoch", args[2])
  redis.call("HSETNX", call:key("index"), "tick", "1")
  return redis.call("HMGET", call:key("index"), "epoch", "revision", "protocol")
end

-- After a rollback, revisions that somebody has seen must not come again. The time in
-- microseconds is above those that other reopenings gave; the leap, should the clock go back.
local LEAP = 1000000

-- reopen(highest revision that the caller has seen, new epoch) -> {epoch, revision}
-- The index of a restored server, or of one that lost its last writes, is behind what its
-- users saw: it goes on in a new epoch, far above. The epoch that it is found in says
-- nothing: it may be restored to an earlier one, and more than once.
function Index.reopen(keys, args)
  local call = Call.open(keys, args)
  local seen, new, index = tonumber(args[1]), args[2], call:key("index")
  if call:current_revision() < seen then
    call:now()
    local above = math.max(seen + LEAP, call.microseconds)
    redis.call("HSET", index, "epoch", new, "revision", Text.int(above))
    call:announce("reopened", nil, "e", new)
  end
  return redis.call("HMGET", index, "epoch", "revision")
end

redis.register_function("rc1_open", Index.open)
redis.register_function("rc1_reopen", Index.reopen)
