-- quarantine: a message that a worker's intake refused is put aside with its reason.
--
-- Keys: index, bad; see 01_call.lua

local Intake = {}

local RECENT = "32" -- entries among which a repeat, whose first reply was lost, is looked for

-- quarantine(delivery, reason, queue, excerpt) -> {"OK"} | {"AGAIN"}
function Intake.quarantine(keys, args)
  local call = Call.open(keys, args)
  local newest = redis.call("XREVRANGE", call:key("bad"), "+", "-", "COUNT", RECENT)
  for _, entry in ipairs(newest) do
    local fields = entry[2]
    for i = 1, #fields, 2 do
      if fields[i] == "delivery" and fields[i + 1] == args[1] then
        return { "AGAIN" }
      end
    end
  end
  call:quarantine("reason", args[2], "queue", args[3], "excerpt", args[4], "delivery", args[1])
  return { "OK" }
end

redis.register_function("rc1_quarantine", Intake.quarantine)
