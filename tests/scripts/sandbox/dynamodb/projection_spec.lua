-- SPDX-License-Identifier: MIT
local json = require "json"
local failure = require "sandbox.failure"
local projection = require "sandbox.dynamodb.projection"

local ITEM = json.decode [[{"a":{"S":"k"},"l":{"L":[{"N":"0"},{"N":"1"},{"M":{"x":{"S":"y"},"z":{"S":"w"}}},{"N":"3"}]},
  "m":{"M":{"q":{"M":{"w":{"N":"5"},"v":{"N":"6"}}},"r":{"S":"s"}}}}]]

local function outcome(text)
  local scope = { names = { ["#a"] = "a" }, used_names = {}, used_values = {}, nested = {}, heads = {} }
  local fine, answer = pcall(function()
    return projection.pick(projection.parse("ProjectionExpression", text, scope), ITEM)
  end)
  if fine then return json.encode(answer, { sorted = true }) end
  if not failure.is(answer) then error(answer, 0) end
  return (answer.message:gsub("^Invalid ProjectionExpression: ", ""))
end

local MUST = "; must remove or rewrite one of these paths; "
local CASES = {
  { "a", [[{"a":{"S":"k"}}]] },
  { "#a", [[{"a":{"S":"k"}}]] },
  { "zz", "{}" },
  { "a.b, zz.y, m[0], l[9]", "{}" },
  { "m.q.w", [[{"m":{"M":{"q":{"M":{"w":{"N":"5"}}}}}}]] },
  { "m.q.w, m.r", [[{"m":{"M":{"q":{"M":{"w":{"N":"5"}}},"r":{"S":"s"}}}}]] },
  { "l[3], l[0]", [[{"l":{"L":[{"N":"0"},{"N":"3"}]}}]] },
  { "l[2].x, l[1]", [[{"l":{"L":[{"N":"1"},{"M":{"x":{"S":"y"}}}]}}]] },
  { "l[2].x, l[2].z", [[{"l":{"L":[{"M":{"x":{"S":"y"},"z":{"S":"w"}}}]}}]] },
  { "a, a", "Two document paths overlap with each other" .. MUST .. "path one: [a], path two: [a]" },
  { "m.q, m.q.w", "Two document paths overlap with each other" .. MUST .. "path one: [m, q], path two: [m, q, w]" },
  { "l[0], l.a", "Two document paths conflict with each other" .. MUST .. "path one: [l, [0]], path two: [l, a]" },
  { "m.status", "Attribute name is a reserved keyword; reserved keyword: status" },
  { "#zz", "An expression attribute name used in the document path is not defined; attribute name: #zz" },
  { "", "The expression can not be empty;" },
  { "a,", [[Syntax error; token: "<EOF>", near: ","]] },
  { "a, ", [[Syntax error; token: "<EOF>", near: ", "]] },
  { "a" .. (".b"):rep(31), "{}" },
  { "a" .. (".b"):rep(32), "The document path has too many nesting levels; nesting levels: 33" },
  { "l[2147483647]", "{}" },
  { "l[2147483648]", "List index is not within the allowable range; index: [2147483648]" },
  { "a b", [[Syntax error; token: "b", near: "a b"]] },
  { "a-b", [[Syntax error; token: "-", near: "a-b"]] },
  { "a[x]", [[Syntax error; token: "x", near: "[x]"]] },
  { "a[0", [[Syntax error; token: "<EOF>", near: "0"]] },
  { ":v", [[Syntax error; token: ":v", near: ":v"]] },
  { "size(a)", [[Syntax error; token: "(", near: "size(a"]] },
}

for _, case in ipairs(CASES) do
  it(case[1], function() assert.equal(case[2], outcome(case[1])) end)
end
