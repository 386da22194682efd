-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
local json = require "json"
local failure = require "sandbox.failure"
local parse = require "sandbox.dynamodb.update_parser"
local update = require "sandbox.dynamodb.update"
local expressions = require "tests.scripts.sandbox.dynamodb.expressions"
local ITEM, scope = expressions.ITEM, expressions.scope

local function text_of(value)
  return json.encode(value, { sorted = true })
end

-- The attributes that changed, null for those that went; or "!" and what is wrong.
local function outcome(text)
  local fine, new = pcall(function() return update.apply(parse("UpdateExpression", text, scope()), ITEM) end)
  if not fine then
    if not failure.is(new) then error(new, 0) end
    return "!" .. new.message:gsub("^Invalid UpdateExpression: ", "")
  end
  local changed = {}
  for name, value in pairs(new) do
    if not ITEM[name] or text_of(ITEM[name]) ~= text_of(value) then changed[name] = value end
  end
  for name in pairs(ITEM) do
    if new[name] == nil then changed[name] = json.null end
  end
  return text_of(changed)
end

local CASES = {
  { "SET x = :n", [[{"x":{"N":"1.5"}}]] },
  { "SET x = n + :one", [[{"x":{"N":"2.5"}}]] },
  { "SET x = n - :one", [[{"x":{"N":"0.5"}}]] },
  { "SET x = :one + :two", [[{"x":{"N":"3"}}]] },
  { "SET x = zz + :one", "!The provided expression refers to an attribute that does not exist in the item" },
  { "SET x = a + :one", "!An operand in the update expression has an incorrect data type" },
  { "SET x = :s + :one",
    "!Incorrect operand type for operator or function; operator or function: +, operand type: S" },
  { "SET x = if_not_exists(zz, :one)", [[{"x":{"N":"1"}}]] },
  { "SET x = if_not_exists(n, :one) + :two", [[{"x":{"N":"3.5"}}]] },
  { "SET x = if_not_exists(:one, :two)",
    "!Operator or function requires a document path; operator or function: if_not_exists" },
  { "SET x = list_append(l, :l)", [[{"x":{"L":[{"N":"1"},{"N":"2"},{"M":{"x":{"S":"y"}}}]}}]] },
  { "SET x = list_append(:l, l)", [[{"x":{"L":[{"N":"1"},{"N":"2"},{"M":{"x":{"S":"y"}}}]}}]] },
  { "SET x = list_append(l, :s)",
    "!Incorrect operand type for operator or function; operator or function: list_append, operand type: S" },
  { "SET x = list_append(l, a)", "!An operand in the update expression has an incorrect data type" },
  { "SET x = list_append(list_append(l, :l), :l)",
    "!The function is not allowed to be used this way in an expression; function: list_append" },
  { "SET x = list_append(:l, list_append(l, :l))",
    "!The function is not allowed to be used this way in an expression; function: list_append" },
  { "SET x = foo(:s)", "!Invalid function name; function: foo" },
  { "SET x = size(l)", "!The function is not allowed in an update expression; function: size" },
  { "SET l[0] = :s", [[{"l":{"L":[{"S":"x"},{"N":"2"},{"M":{"x":{"S":"y"}}}]}}]] },
  { "SET l[9] = :s", [[{"l":{"L":[{"N":"1"},{"N":"2"},{"M":{"x":{"S":"y"}}},{"S":"x"}]}}]] },
  { "SET l[2].x = :s", [[{"l":{"L":[{"N":"1"},{"N":"2"},{"M":{"x":{"S":"x"}}}]}}]] },
  { "SET m.q.z = :s", [[{"m":{"M":{"q":{"M":{"w":{"N":"5"},"z":{"S":"x"}}}}}}]] },
  { "SET m.nope.z = :s", "!The document path provided in the update expression is invalid for update" },
  { "SET zz.z = :s", "!The document path provided in the update expression is invalid for update" },
  { "SET x = :s, x = :n",
    "!Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [x], path two: [x]" },
  { "SET m.q = :s, m.q.w = :s",
    "!Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m, q], path two: [m, q, w]" },
  { "SET l[0] = :s, l.a = :s",
    "!Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [l, [0]], path two: [l, a]" },
  { "SET a = :s", [[{"a":{"S":"x"}}]] },
  { "REMOVE a", [[{"a":null}]] },
  { "REMOVE n", [[{"n":null}]] },
  { "REMOVE l[0]", [[{"l":{"L":[{"N":"2"},{"M":{"x":{"S":"y"}}}]}}]] },
  { "REMOVE l[0], l[1]", [[{"l":{"L":[{"M":{"x":{"S":"y"}}}]}}]] },
  { "REMOVE l[9]", [[{}]] },
  { "REMOVE zz", [[{}]] },
  { "REMOVE zz.a", "!The document path provided in the update expression is invalid for update" },
  { "REMOVE m.q.w", [[{"m":{"M":{"q":{"M":{}}}}}]] },
  { "ADD n :one", [[{"n":{"N":"2.5"}}]] },
  { "ADD zz :one", [[{"zz":{"N":"1"}}]] },
  { "ADD ss :ss", [[{}]] },
  { "ADD ss :s",
    "!Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND" },
  { "ADD n :ss", "!An operand in the update expression has an incorrect data type" },
  { "ADD ns :ss", "!An operand in the update expression has an incorrect data type" },
  { "ADD zz :ss", [[{"zz":{"SS":["b","a"]}}]] },
  { "ADD l :l",
    "!Incorrect operand type for operator or function; operator: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND" },
  { "ADD a :one", "!An operand in the update expression has an incorrect data type" },
  { "DELETE ss :ss", [[{"ss":{"SS":["c"]}}]] },
  { "DELETE ss :one",
    "!Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND" },
  { "DELETE n :ss", "!An operand in the update expression has an incorrect data type" },
  { "DELETE zz :ss", [[{}]] },
  { "DELETE ss :s",
    "!Incorrect operand type for operator or function; operator: DELETE, operand type: STRING, typeSet: ALLOWED_FOR_DELETE_OPERAND" },
  { "SET x = :s SET y = :s", "!The \"SET\" section can only be used once in an update expression;" },
  { "SET x = :s REMOVE n ADD zz :one DELETE ss :ss",
    [[{"n":null,"ss":{"SS":["c"]},"x":{"S":"x"},"zz":{"N":"1"}}]] },
  { "SET x :s", "!Syntax error; token: \":s\", near: \"x :s\"" },
  { "SET", "!Syntax error; token: \"<EOF>\", near: \"SET\"" },
  { "SET x =", "!Syntax error; token: \"<EOF>\", near: \"=\"" },
  { "SET x = :s,", "!Syntax error; token: \"<EOF>\", near: \",\"" },
  { "x = :s", "!Syntax error; token: \"x\", near: \"x =\"" },
  { "", "!The expression can not be empty;" },
  { "SET x = :nope",
    "!An expression attribute value used in expression is not defined; attribute value: :nope" },
  { "SET #x = :s",
    "!An expression attribute name used in the document path is not defined; attribute name: #x" },
  { "SET name = :s", "!Attribute name is a reserved keyword; reserved keyword: name" },
  { "SET x = name", "!Attribute name is a reserved keyword; reserved keyword: name" },
  { "REMOVE #x",
    "!An expression attribute name used in the document path is not defined; attribute name: #x" },
  { "  PUT x", "!Syntax error; token: \"PUT\", near: \"  PUT x\"" },
  { "REMOVE l[ 3 ", "!Syntax error; token: \"<EOF>\", near: \"3 \"" },
  { "REMOVE x + ", "!Syntax error; token: \"+\", near: \"x + \"" },
  { "REMOVE m" .. (".q"):rep(32), "!The document path has too many nesting levels; nesting levels: 33" },
  { "ADD x y", "!Syntax error; token: \"y\", near: \"x y\"" },
  { "SET x = :s + ", "!Syntax error; token: \"<EOF>\", near: \"+ \"" },
  { "SET x = (:one + :two)", [[{"x":{"N":"3"}}]] },
  { "SET x = m", [[{"x":{"M":{"q":{"M":{"w":{"N":"5"}}}}}}]] },
  { "SET x = l[1]", [[{"x":{"N":"2"}}]] },
  { "SET x = l[7]", "!The provided expression refers to an attribute that does not exist in the item" },
  { "SET m.q.w = m.q.w + :one", [[{"m":{"M":{"q":{"M":{"w":{"N":"6"}}}}}}]] },
  { "set x = :s remove n", [[{"n":null,"x":{"S":"x"}}]] },
  { "SET x = ss, ss = n", [[{"ss":{"N":"1.5"},"x":{"SS":["a","b","c"]}}]] },
  { "SET l[1] = :s, l[0] = :n, x = l[0]",
    [[{"l":{"L":[{"N":"1.5"},{"S":"x"},{"M":{"x":{"S":"y"}}}]},"x":{"N":"1"}}]] },
  { "SET l[10] = :s, l[5] = :n",
    [[{"l":{"L":[{"N":"1"},{"N":"2"},{"M":{"x":{"S":"y"}}},{"N":"1.5"},{"S":"x"}]}}]] },
  { "ADD m.q.w :one", [[{"m":{"M":{"q":{"M":{"w":{"N":"6"}}}}}}]] },
  { "SET x = list_append(if_not_exists(zz, :l), :l)", [[{"x":{"L":[]}}]] },
  { "SET x = if_not_exists(zz, zy)",
    "!The provided expression refers to an attribute that does not exist in the item" },
  { "SET x = :s y = :s", "!Syntax error; token: \"y\", near: \":s y =\"" },
  { "SET #role = :s", [[{"role":{"S":"x"}}]] },
  { "DELETE ss :ss REMOVE l[2] SET l[1] = :s", [[{"l":{"L":[{"N":"1"},{"S":"x"}]},"ss":{"SS":["c"]}}]] },
  { "REMOVE l[0], l[2] SET l[7] = :s", [[{"l":{"L":[{"N":"2"},{"S":"x"}]}}]] },
}

for _, case in ipairs(CASES) do
  it(case[1], function()
    local before = text_of(ITEM)
    assert.equal(case[2], outcome(case[1]))
    assert.equal(before, text_of(ITEM))
  end)
end

it("DELETE of every member deletes the attribute", function()
  local item = { s = { SS = { "a", "b" } } }
  assert.same({}, update.apply(parse("UpdateExpression", "DELETE s :ss", scope()), item))
end)
