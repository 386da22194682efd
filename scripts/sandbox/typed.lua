-- SPDX-License-Identifier: MIT
-- Sandbox: has a request's input the types of the service's model? typed(input, shape) raises SerializationException
-- where not; null is a member that is missing. CloudWatch and SES ask; Cognito and DynamoDB have more to say.
-- A shape is "string", "boolean", "number", "double" (which may be NaN or infinite, as text), { list = shape }, or a
-- table name -> shape. Other members are not looked at.
local json = require "json"
local failure = require "sandbox.failure"

local LUA_TYPES <const> = { string = "string", boolean = "boolean", number = "number", double = "number" }
local NO_NUMBERS <const> = { NaN = true, Infinity = true, ["-Infinity"] = true }

local check

local function check_members(value, shape)
  for name, member in pairs(shape) do
    if value[name] == json.null then value[name] = nil end
    if value[name] ~= nil then check(value[name], member) end
  end
end

function check(value, shape)
  local expected = LUA_TYPES[shape] or "table"
  local fits = type(value) == expected or shape == "double" and NO_NUMBERS[value]
  if fits and expected == "table" and next(value) ~= nil then fits = json.is_array(value) == (shape.list ~= nil) end
  if not fits then failure("SerializationException") end
  if expected ~= "table" then return end
  if not shape.list then return check_members(value, shape) end
  for _, item in ipairs(value) do check(item, shape.list) end
end

return check
