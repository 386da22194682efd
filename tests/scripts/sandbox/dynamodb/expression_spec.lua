-- SPDX-License-Identifier: MIT
local expression = require "sandbox.dynamodb.expression"
local failure = require "sandbox.failure"

-- What is wrong with a request's names and values, "" when nothing is.
local function outcome(input)
  local fine, problem = pcall(expression.parse, input)
  if fine then return "" end
  if not failure.is(problem) then error(problem, 0) end
  return problem.message
end

local function names(of, projected)
  return { ProjectionExpression = projected or "#a", ExpressionAttributeNames = of }
end

local function values(of, filter)
  return { FilterExpression = filter or "a = :v", ExpressionAttributeValues = of }
end

local a = ("a"):rep(255)
local NAMES, VALUES = "ExpressionAttributeNames ", "ExpressionAttributeValues "
local TOO_LONG = "contains invalid key: The expression attribute map contains a key that is too long;"

-- A request with 32 names, `bytes` long with their aliases, and a value of so many bytes.
local function large(bytes, of_value)
  local found, paths = {}, {}
  for i = 1, 32 do
    local alias = ("#%02d"):format(i)
    found[alias], paths[i] = alias:sub(2) .. ("n"):rep(bytes // 32 - 5), alias
  end
  local input = names(found, table.concat(paths, ","))
  if of_value then
    input.FilterExpression = "a = :v"
    input.ExpressionAttributeValues = { [":v"] = { S = ("v"):rep(of_value - 2) } }
  end
  return input
end

local MB = 1024 * 1024

local CASES = {
  { "no names", names {}, NAMES .. "must not be empty" },
  { "no names, before no expression", names({}, ""), NAMES .. "must not be empty" },
  { "an alias without its mark", names { a = "x" }, NAMES .. 'contains invalid key: Syntax error; key: "a"' },
  { "only a mark", names { ["#"] = "x" }, NAMES .. 'contains invalid key: Syntax error; key: "#"' },
  { "two marks", names { ["#a#b"] = "x" }, NAMES .. 'contains invalid key: Syntax error; key: "#a#b"' },
  { "an alias of 255 bytes", names({ ["#" .. a:sub(2)] = "x" }, "#" .. a:sub(2)), "" },
  { "an alias of 256", names { ["#" .. a] = "x" }, NAMES .. TOO_LONG .. " size of key: 256" },
  { "length before letters", names { ["#" .. a .. "-"] = "x" }, NAMES .. TOO_LONG .. " size of key: 257" },
  { "an alias of nothing", names { ["#a"] = "" },
    NAMES .. "contains invalid value: Empty attribute name for key #a" },
  { "an alias too many", names { ["#a"] = "x", ["#b"] = "y" },
    "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}" },
  { "no values", values {}, VALUES .. "must not be empty" },
  { "a value's name without its mark", values { v = { N = "1" } },
    VALUES .. 'contains invalid key: Syntax error; key: "v"' },
  { "a value's name of 255 bytes", values({ [":" .. a:sub(2)] = { N = "1" } }, "a = :" .. a:sub(2)), "" },
  { "a value's name of 256", values { [":" .. a] = { N = "1" } }, VALUES .. TOO_LONG },
  { "a value of no type", values { [":v"] = {} }, VALUES .. "contains invalid value: Supplied AttributeValue is "
    .. "empty, must contain exactly one of the supported datatypes for key :v" },
  { "a value with too long a name inside", values { [":v"] = { M = { [("n"):rep(65536)] = { N = "1" } } } },
    VALUES .. "contains invalid value: Attribute name is too large, must be less than 65536 bytes for key :v" },
  { "names of 2 MB", large(2 * MB), "" },
  { "names of more", large(2 * MB + 32), NAMES .. "exceeds max size" },
  { "names and a value of 2 MB", large(MB, MB), "" },
  { "names and a value of more", large(MB, MB + 1), VALUES .. "exceeds max size" },
}

for _, case in ipairs(CASES) do
  it(case[1], function() assert.equal(case[3], outcome(case[2])) end)
end
