-- SPDX-License-Identifier: MIT
-- GET /healthz: the process lives. GET /readyz: send it traffic, or say why not. For load balancers.
local aws_env, lifecycle = require "aws_env", require "lifecycle"

local function readiness()
  if lifecycle.draining() then return 503, { status = "draining" } end
  local source, problem = aws_env.credentials_source()
  if not source then return 503, { status = "no_credentials", detail = problem } end
  return 200, { status = "ready" }
end

return function(request)
  if request.path == "/healthz" then return { json = { status = "ok" } } end
  local status, body = readiness()
  return { status = status, json = body }
end
