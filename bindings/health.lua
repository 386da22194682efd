-- SPDX-License-Identifier: MIT
-- GET /healthz: the process lives. GET /readyz: send it traffic, or say why not. For load balancers.
local aws_env, lifecycle = require "aws_env", require "lifecycle"

-- Usher goes on looking by itself.
local WHAT_TO_DO <const> = "give this process AWS credentials: the role of an ECS task, of an EKS service account or "
  .. "of an EC2 instance, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"

local function readiness()
  if lifecycle.draining() then return 503, { status = "draining" } end
  local source, problem = aws_env.credentials_source()
  if not source then return 503, { status = "no_credentials", detail = problem, next = WHAT_TO_DO } end
  return 200, { status = "ready" }
end

return function(request)
  if request.path == "/healthz" then return { json = { status = "ok" } } end
  local status, body = readiness()
  return { status = status, json = body }
end
