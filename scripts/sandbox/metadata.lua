-- SPDX-License-Identifier: MIT
-- Sandbox: what a machine in AWS is told about itself. EC2's instance metadata under /latest, the credentials endpoints
-- of ECS (/v2/credentials/ID) and EKS (/v1/credentials, with a token), ECS's task metadata version 4 under /v4/ID.
-- Called by the sandbox's door with a request of listener "metadata".
local clock, crypto, json = require "clock", require "crypto", require "json"
local faults, keys, settings = require "sandbox.faults", require "sandbox.keys", require "sandbox.settings"
local sorted_names = require "sandbox.sorted_names"

local ROLE <const> = "usher-sandbox-role"
local ROLE_ARN <const> = ("arn:aws:iam::%s:role/%s"):format(settings.account_id, ROLE)
local HOURS <const> = 3600
local LONGEST_TOKEN <const> = 21600
local ZONE <const> = settings.region .. "a"
local CLUSTER <const> = ("arn:aws:ecs:%s:%s:cluster/usher"):format(settings.region, settings.account_id)

local tokens = {} -- IMDSv2's session tokens -> when they end, by the monotonic clock
local started = clock.iso8601()

local function text(body, status)
  return { status = status or 200, headers = { ["Content-Type"] = "text/plain" }, body = body }
end

local function object(fields, status)
  return { status = status or 200, headers = { ["Content-Type"] = "application/json" },
    body = json.encode(fields, { sorted = true }) }
end

-- --- instance metadata ---

local function instance_credentials()
  local key = keys.issue(ROLE_ARN, "i-0123456789abcdef0", 6 * HOURS)
  return object { Code = "Success", LastUpdated = clock.iso8601(), Type = "AWS-HMAC", AccessKeyId = key.access_key_id,
    SecretAccessKey = key.secret_access_key, Token = key.session_token, Expiration = clock.iso8601(key.expires) }
end

local INSTANCE = {
  ["/latest/meta-data/iam/security-credentials/"] = function() return text(ROLE) end,
  ["/latest/meta-data/iam/security-credentials"] = function() return text(ROLE) end,
  ["/latest/meta-data/iam/security-credentials/" .. ROLE] = instance_credentials,
  ["/latest/meta-data/placement/region"] = function() return text(settings.region) end,
  ["/latest/meta-data/placement/availability-zone"] = function() return text(ZONE) end,
  ["/latest/meta-data/instance-id"] = function() return text "i-0123456789abcdef0" end,
  ["/latest/dynamic/instance-identity/document"] = function()
    return object { accountId = settings.account_id, region = settings.region, availabilityZone = ZONE,
      instanceId = "i-0123456789abcdef0", version = "2017-09-30" }
  end,
}

for name, value in pairs { ["ami-id"] = "ami-0123456789abcdef0", ["instance-type"] = "t3.micro",
  ["local-ipv4"] = "127.0.0.1", ["local-hostname"] = "localhost", hostname = "localhost" } do
  INSTANCE["/latest/meta-data/" .. name] = function() return text(value) end
end

INSTANCE["/latest/meta-data/iam/info"] = function()
  return object { Code = "Success", LastUpdated = started, InstanceProfileId = "AIPAUSHERSANDBOX00001",
    InstanceProfileArn = ("arn:aws:iam::%s:instance-profile/%s"):format(settings.account_id, ROLE) }
end

-- A folder's names, one a line, those of folders with a slash | nil: there is no such folder
local function listing(path)
  local folder, names = path:gsub("/*$", "/"), {}
  for one in pairs(INSTANCE) do
    local rest = one:sub(1, #folder) == folder and one:sub(#folder + 1) or ""
    local name = rest:match "^[^/]+/?"
    if name then names[name] = true end
  end
  for name in pairs(names) do
    if names[name .. "/"] then names[name] = nil end
  end
  return next(names) and text(table.concat(sorted_names(names), "\n")) or nil
end

local function give_token(req)
  local ttl = math.tointeger(tonumber(req:header "x-aws-ec2-metadata-token-ttl-seconds" or ""))
  if not settings.switches.imds_v2 or req:header "x-forwarded-for" then return text("", 403) end
  if not ttl or ttl < 1 or ttl > LONGEST_TOKEN then return text("", 400) end
  local token = crypto.base64url(crypto.random(40)) .. "=="
  tokens[token] = clock.monotonic() + ttl
  local reply = text(token)
  reply.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"] = tostring(ttl)
  return reply
end

local function may_ask(req)
  local token = req:header "x-aws-ec2-metadata-token"
  if not token then return settings.switches.imds_v1 end
  return tokens[token] ~= nil and tokens[token] > clock.monotonic()
end

local function instance(req)
  if req.path == "/latest/api/token" then
    return req.method == "PUT" and give_token(req) or text("", 405)
  end
  if req.method ~= "GET" then return text("", 405) end
  if not may_ask(req) then return text("", 401) end
  local show = INSTANCE[req.path]
  return show and show() or listing(req.path) or text("", 404)
end

-- --- containers ---

local function container_credentials(req)
  if req.method ~= "GET" then return object({ Code = "MethodNotAllowed", Message = "GET" }, 405) end
  if req.path == "/v1/credentials" and (req:header "authorization" or "") == "" then
    return object({ Code = "AccessDenied", Message = "No Authorization header" }, 401)
  end
  local key = keys.issue(ROLE_ARN, "usher-sandbox-task", 6 * HOURS)
  return object { RoleArn = ROLE_ARN, AccessKeyId = key.access_key_id, SecretAccessKey = key.secret_access_key,
    Token = key.session_token, Expiration = clock.iso8601(key.expires), AccountId = settings.account_id }
end

local function arn(kind, name)
  return ("arn:aws:ecs:%s:%s:%s/usher/%s"):format(settings.region, settings.account_id, kind, name)
end

local function container(id)
  local task = arn("task", id)
  return {
    DockerId = id .. "-1", Name = "usher", DockerName = "usher", Image = "usher:latest", ImageID = "sha256:0",
    Labels = { ["com.amazonaws.ecs.cluster"] = CLUSTER, ["com.amazonaws.ecs.container-name"] = "usher",
      ["com.amazonaws.ecs.task-arn"] = task, ["com.amazonaws.ecs.task-definition-family"] = "usher",
      ["com.amazonaws.ecs.task-definition-version"] = "1" },
    DesiredStatus = "RUNNING", KnownStatus = "RUNNING", Limits = { CPU = 256, Memory = 512 },
    CreatedAt = started, StartedAt = started, Type = "NORMAL", ContainerARN = arn("container", id .. "-1"),
    LogDriver = "awslogs", LogOptions = { ["awslogs-group"] = "/ecs/usher", ["awslogs-region"] = settings.region,
      ["awslogs-stream"] = "ecs/usher/" .. id },
    Networks = json.array { { NetworkMode = "awsvpc", IPv4Addresses = json.array { "127.0.0.1" } } },
  }
end

local function task(id)
  return {
    Cluster = CLUSTER, TaskARN = arn("task", id), Family = "usher", ServiceName = "usher", Revision = "1",
    DesiredStatus = "RUNNING", KnownStatus = "RUNNING", Limits = { CPU = 0.25, Memory = 512 },
    PullStartedAt = started, PullStoppedAt = started, AvailabilityZone = ZONE, VPCID = "vpc-0123456789abcdef0",
    LaunchType = "FARGATE", Containers = json.array { container(id) },
  }
end

local function stats(id)
  return { id = id .. "-1", name = "usher", read = clock.iso8601(), num_procs = 1,
    cpu_stats = { online_cpus = 1 }, memory_stats = { usage = 1 << 24, limit = 1 << 29 } }
end

local TASK = {
  [""] = container,
  ["/task"] = task,
  ["/taskWithTags"] = task,
  ["/stats"] = stats,
  ["/task/stats"] = function(id) return { [id .. "-1"] = stats(id) } end,
}

local function task_metadata(req)
  local id, rest = req.path:match("^/v4/([%w-]+)(.*)$")
  local show = id and TASK[rest:gsub("/$", "")]
  if req.method ~= "GET" or not show then return text("404 page not found", 404) end
  return object(show(id))
end

-- --- the door ---

local function answer(req)
  if req.path:find "^/latest/" then return "instance", instance end
  if req.path:find "^/v4/" then return "task", task_metadata end
  if req.path:find "^/v2/credentials/." or req.path == "/v1/credentials" then
    return "credentials", container_credentials
  end
  return nil, function() return text("", 404) end
end

-- For the journal and for faults: "token", "role" and "instance-credentials" are steps of one asking.
local function names_of(req, kind)
  local step = req.path == "/latest/api/token" and "token" or req.path:match("/security%-credentials/(.*)$")
  if step == "" then step = "role" elseif step == ROLE then step = "instance-credentials" end
  return { step or kind, kind }
end

local function handler(req)
  local kind, act = answer(req)
  if not kind then return act(req) end
  local call = { service = "metadata", names = names_of(req, kind), body = req.path, req = req }
  local broken, ok, reply = faults.around(call, function() return act(req) end)
  if broken == faults.NO_ANSWER then return { abort = true } end
  if broken then
    return object({ Code = broken.code or "InternalFailure", Message = broken.message or "" }, broken.status or 500)
  end
  if not ok then error(reply, 0) end
  return reply
end

return { handler = handler }
