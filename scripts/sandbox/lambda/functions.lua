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


function functions.get(reference)
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
