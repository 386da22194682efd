-- SPDX-License-Identifier: MIT
-- Sandbox, Lambda: the functions there are. Each script of triggers/ is one, in two ways: run in this process, or by a
-- runtime that fetches its events (out_of_process), as `usher lambda` does. Switches make one fail on purpose; they
-- live in memory.
local script_files = require "script_files"
local failure = require "sandbox.failure"
local settings = require "sandbox.settings"

local functions = {}

local TIMEOUT <const> = 6 -- seconds; Cognito gives up before
local ARN <const> = "arn:aws:lambda:%s:%s:function:%s"

-- What the pool of `usher dev` calls.
local NAMED <const> = { pre_sign_up = "usher-dev-PreSignUp", post_confirmation = "usher-dev-PostConfirmation" }

local by_name, by_script = {}, {}


function functions.arn(name)
  return ARN:format(settings.region, settings.account_id, name)
end


local function add(script)
  local name = NAMED[script] or script
  local fn = {
    name = name, module = "triggers." .. script, arn = functions.arn(name), timeout = TIMEOUT, invocations = 0,
    out_of_process = false, fault = nil, waiting = {}, runtimes = {},
  }
  by_name[name], by_script[script] = fn, fn
  return fn
end

for _, file in ipairs(script_files.list()) do
  local script = file.name:match("^triggers/([%w_]+)%.lua$")
  if script and not script:find("_spec$") then add(script) end
end


-- A name, "triggers.NAME", a partial or a whole ARN, each with a version or without -> function | nil
function functions.find(reference)
  local name = reference:match("function:([^:]+)") or reference:match("^([^:]+)")
  if not name then return nil end
  return by_name[name] or by_script[(name:gsub("^triggers%.", ""))]
end


-- What the service says a FunctionName must be, and the same in parts.
local PATTERN <const> = "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?"
  .. "(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"

-- "arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION" and what is short for it -> region | nil, account | nil; raises
-- what is no reference at all.
local function parse(reference)
  local rest = reference:gsub("^arn:aws[%a-]*:lambda:", "")
  local region = rest:match "^(%l%l[%l-]*%-%d):"
  if region then rest = rest:sub(#region + 2) end
  local account = rest:match("^" .. ("%d"):rep(12) .. ":")
  if account then rest = rest:sub(14) end
  rest = rest:gsub("^function:", ""):gsub(":%$LATEST$", "")
  if rest:find "^[%w_.-]+$" or rest:find "^[%w_.-]+:[%w_-]+$" then return region, account and account:sub(1, 12) end
  failure("ValidationException", ("1 validation error detected: Value '%s' at 'functionName' failed to satisfy "
    .. "constraint: Member must satisfy regular expression pattern: %s"):format(reference, PATTERN))
end


-- The function that a caller means; raises what is wrong with the reference, or with the caller.
function functions.get(reference)
  local region, account = parse(reference)
  if region and region ~= settings.region then
    failure("ResourceNotFoundException", ("Functions from '%s' are not reachable in this region ('%s')")
      :format(region, settings.region), nil, 404)
  elseif account and account ~= settings.account_id then
    failure("AccessDeniedException", ("User: arn:aws:iam::%s:user/usher-dev is not authorized to perform: "
      .. "lambda:InvokeFunction on resource: %s because no resource-based policy allows the lambda:InvokeFunction "
      .. "action"):format(settings.account_id, reference), nil, 403)
  end
  return functions.find(reference) or failure("ResourceNotFoundException",
    "Function not found: " .. (reference:find("^arn:") and reference or functions.arn(reference)), nil, 404)
end


function functions.all()
  local list = {}
  for _, fn in pairs(by_name) do list[#list + 1] = fn end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end


return functions
