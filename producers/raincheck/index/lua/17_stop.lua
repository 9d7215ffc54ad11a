-- A failed step of a pipeline with on_failure="stop": nothing more of its run starts.
--
-- Keys: see 03_runs.lua, 07_waits.lua

-- Skips all that has not begun. What runs comes to its end, and closes the run.
function Ends.stop(call, run, failed)
  local steps, skipped, queued = Runs.steps(call, run), {}, {}
  local states = Runs.states(call, run, steps)
  for _, step in ipairs(steps) do
    local state = states[step]
    if step ~= failed and (state == "P" or state == "Q" or state == "W") then
      skipped[#skipped + 1] = step
      if state == "W" then
        Waits.leave(call, run, step)
      elseif state == "Q" then
        Runs.untimer(call, "h|" .. run .. "/" .. step)
        queued[#queued + 1] = step
      end
    end
  end
  Runs.unhint(call, run, queued)
  if #skipped > 0 then
    Ends.final(call, run, skipped, "K", "stopped by " .. failed)
  end
end
