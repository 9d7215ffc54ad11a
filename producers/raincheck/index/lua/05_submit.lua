-- submit: records a run and its steps; those that need nothing become ready.
--
-- Keys: see 03_runs.lua

local Submit = {}

local MAX_STEPS = 2000
Submit.STEPS = "a run has 1 to 2,000 steps"

-- The steps as the caller sends them: their number, then each; nil for too many or none.
function Submit.read_steps(call)
  local steps, count = {}, call:number()
  if count < 1 or count > MAX_STEPS then
    return nil
  end
  for i = 1, count do
    steps[i] = {
      name = call:take(), needs = call:take(), queue = call:take(), limits = call:take(),
      successors = call:take(), digest = call:take(), body = call:take(),
    }
  end
  return steps
end

-- Stores a spec that is not there yet, and holds it until `Ends.release_spec`.
function Submit.hold_spec(call, digest, head, refs, steps, model)
  local key = call:key("spec:", digest)
  if redis.call("HEXISTS", key, "needs") == 0 then
    local names, needs, fields = {}, {}, {}
    local function add(name, value)
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
    for i, step in ipairs(steps) do
      names[i], needs[i] = step.name, step.needs
      add("x:" .. step.name, step.body)
      add("d:" .. step.name, step.digest)
      add("n:" .. step.name, step.successors)
      add("q:" .. step.name, step.queue)
      add("t:" .. step.name, step.limits)
    end
    Batch.write("HSET", key, fields)
    redis.call("HSET", key, "head", head, "steps", table.concat(names, " "), "refs", refs,
      "needs", table.concat(needs, " "))
    if model then
      redis.call("HSET", key, "model", model)
    end
  end
  Submit.hold_again(call, digest)
end

-- Holds a spec that is there.
function Submit.hold_again(call, digest)
  local key = call:key("spec:", digest)
  redis.call("HINCRBY", key, "live", 1)
  redis.call("PERSIST", key)
end

-- The run of an earlier submit with this run id or idempotency key, and whether that
-- submit said the same.
local function earlier(call, run, idem, request)
  local existing = Runs.get(call, run, "request")
  if existing then
    return run, existing == request
  end
  local stored = idem ~= "" and redis.call("GET", idem)
  if stored then
    local parts = Text.split(stored, FIELD)
    return parts[1], parts[2] == request
  end
  return nil
end

local function store_run(call, run, r, steps)
  local key = Runs.key(call, run)
  redis.call("HSET", key, "state", "live", "pipeline", r.pipeline, "spec", r.spec,
    "params", r.params, "request", r.request, "queue", r.queue, "priority", r.priority,
    "wait", r.wait, "on_failure", r.on_failure, "submitted", Text.int(call:now()), "depth", r.depth,
    "left", Text.int(#steps), "failed", "0", "inline", r.inline, "idem", r.idem,
    "trace", r.trace)
  if r.fork then
    redis.call("HSET", key, "fork", r.fork, "trigger", r.events)
  end
  local fields = {}
  local function add(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  for _, step in ipairs(steps) do
    add("s:" .. step.name, "P")
    add("u:" .. step.name, step.needs)
  end
  Batch.write("HSET", key, fields)
  redis.call("ZADD", call:key("runs:live"), call:now(), run)
  if r.idem ~= "" then
    redis.call("SET", r.idem, run .. FIELD .. r.request)
  end
  if r.inline ~= "" then
    redis.call("HSET", call:key("node:", r.inline), "i:" .. run, "1")
  end
  if r.model then
    redis.call("HSET", key, "model", r.model)
  end
  if r.lane then
    redis.call("HSET", key, "lane", r.lane, "trigger", r.trigger, "triggers", r.triggers,
      "quiet", r.quiet)
  end
end

-- Those that need nothing become ready -> their names, their messages.
local function ready_roots(call, run, r, steps)
  local start, ready = r.not_before, {}
  if r.countdown > 0 then
    start = call:now() + r.countdown
  end
  for _, step in ipairs(steps) do
    if step.needs == "0" then
      if start > call:now() then
        Runs.ready_at(call, run, step.name, start)
      else
        ready[#ready + 1] = step.name
      end
    end
  end
  local messages = #ready > 0 and Runs.ready(call, run, ready) or {}
  if r.expires > 0 then
    Runs.timer(call, "x|" .. run, r.expires)
  end
  return ready, messages
end

-- Records a run of a spec that is held for it -> names and messages of what is ready.
function Submit.start(call, run, r, steps)
  store_run(call, run, r, steps)
  return ready_roots(call, run, r, steps)
end

-- submit(run, pipeline, spec digest, params, request digest, idempotency key, queue,
--   priority, countdown ms, not before ms, expires ms (0: none), wait ms,
--   continue or stop on failure, depth,
--   inline node, trace, head, references (run scope), number of steps, per step: name,
--   number needed, queue, "retries delay timeout backoff", successors, digest, body;
--   with a model, that of its runs, see 04_models.lua; of a fork, that or "", of which run it
--   is and how as JSON, and the packed events that started that one or "")
-- -> {"NEW", run, ready steps...} | {"OLD", run} | {"CONFLICT", run} | {"INVALID", why}
function Submit.submit(keys, args)
  local call = Call.open(keys, args)
  local run = call:take()
  local r = {
    pipeline = call:take(), spec = call:take(), params = call:take(), request = call:take(),
    idem = call:take(), queue = call:take(), priority = call:take(),
    countdown = call:number(), not_before = call:number(), expires = call:number(),
    wait = call:take(), on_failure = call:take(), depth = call:take(), inline = call:take(),
    trace = call:take(),
  }
  local head, refs, steps = call:take(), call:take(), Submit.read_steps(call)
  r.model = call:take()
  if not steps then
    return { "INVALID", Submit.STEPS }
  end
  r.fork, r.events = call:take(), call:take()
  if r.model == "" then
    r.model = nil
  end
  if r.idem ~= "" then
    r.idem = call:key("idem:", r.pipeline, ":", r.idem)
  end
  local existing, same = earlier(call, run, r.idem, r.request)
  if existing then
    return { same and "OLD" or "CONFLICT", existing }
  end
  if r.inline ~= "" and not redis.call("ZSCORE", call:key("nodes"), r.inline) then
    return { "NODE_UNKNOWN", run }
  end
  Submit.hold_spec(call, r.spec, head, refs, steps, r.model)
  local ready = Submit.start(call, run, r, steps)
  return { "NEW", run, unpack(ready) }
end

redis.register_function("rc1_submit", Submit.submit)
