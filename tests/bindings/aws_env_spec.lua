-- SPDX-License-Identifier: MIT
-- aws_env, and sigv4's credentials from the chain: each row is a process of its own, with its own environment
-- and files. The order of precedence has its rows in tests/core.

local usher = io.popen("readlink /proc/$PPID/exe"):read("l")

local PROGRAM <const> = [[
local env, sigv4 = require "aws_env", require "sigv4"
local headers, why = sigv4.sign { method = "GET", url = "http://h/", service = "s", region = "r", time = 0 }
local source, looked = env.credentials_source()
for _ = 1, 2 do
  print(env.region(), env.endpoint_url("DynamoDB"), env.endpoint_url("Cognito Identity Provider"))
end
print(source, (looked or ""):sub(1, 18))
print(headers and headers.authorization:match("Credential=(%w+)/") or why:sub(1, 18),
  headers and headers["x-amz-security-token"])
]]

local function write(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  assert(file:write(text):close())
  return path
end

local function run(row)
  local program = write(PROGRAM)
  local credentials, config = write(row.credentials or ""), write(row.config or "")
  local pipe = assert(io.popen(("env -i AWS_EC2_METADATA_DISABLED=true %s AWS_SHARED_CREDENTIALS_FILE=%s "
    .. "AWS_CONFIG_FILE=%s %s exec %s 2>&1"):format(row.env or "", credentials, config, usher, program)))
  local output = pipe:read("a"):gsub(credentials, "CREDENTIALS"):gsub(config, "CONFIG")
  pipe:close()
  for _, path in ipairs { program, credentials, config } do os.remove(path) end
  local lines = {}
  for line in output:gmatch("[^\n]+") do lines[#lines + 1] = line end
  return lines
end

local rows = {
  { name = "nothing at all",
    says = { "nil\tnil\tnil", "nil\tno AWS credentials", "no AWS credentials\tnil" } },
  { name = "the environment",
    env = "AWS_REGION=eu-west-1 AWS_ENDPOINT_URL_DYNAMODB=http://d AWS_ENDPOINT_URL=http://all "
      .. "AWS_ACCESS_KEY_ID=AKENV AWS_SECRET_ACCESS_KEY=s AWS_SESSION_TOKEN=t",
    says = { "eu-west-1\thttp://d\thttp://all", "environment\t", "AKENV\t<secret aws_session_token>" } },
  { name = "the shared files", env = "AWS_PROFILE=dev",
    credentials = "[dev]\naws_access_key_id = AKFILE\naws_secret_access_key = s\n",
    config = "[profile dev]\nregion = r1\nservices = local\n"
      .. "[services local]\ndynamodb =\n  endpoint_url = http://f\n",
    says = { "r1\thttp://f\tnil", "file CREDENTIALS, profile dev\t", "AKFILE\tnil" } },
}

describe("aws_env", function()
  for _, row in ipairs(rows) do
    it("reads " .. row.name, function()
      assert.same({ row.says[1], row.says[1], row.says[2], row.says[3] }, run(row))
    end)
  end
end)
