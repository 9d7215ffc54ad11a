-- Requests: a change with a request id is made once, and who repeats it hears what came of it.
--
-- Keys of this file
--   req:<id>  string  reply of a publication, a deletion or a move of an alias   24 hours

local Requests = { TTL = 86400 } -- seconds

-- The reply to a request that was answered before, or nil; nothing is dirty any more.
function Requests.answered(call, id)
  local stored = redis.call("GET", call:key("req:", id))
  if not stored then
    return nil
  end
  local values = Text.split(stored, FIELD)
  return { "DONE", values[1], values[2], "0", unpack(values, 3) }
end

-- The reply of what is done now, kept for repeats: {"DONE", version, revision, dirty, more...}.
function Requests.answer(call, id, version, ...)
  local values = { version, Text.int(call:current_revision()), ... }
  redis.call("SET", call:key("req:", id), table.concat(values, FIELD), "EX", Requests.TTL)
  return { "DONE", values[1], values[2], call.dirty and "1" or "0", unpack(values, 3) }
end
