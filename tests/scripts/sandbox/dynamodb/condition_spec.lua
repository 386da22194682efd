-- SPDX-License-Identifier: MIT
-- luacheck: no max line length
local evaluate = require "sandbox.dynamodb.evaluate"
local failure = require "sandbox.failure"
local parse = require "sandbox.dynamodb.condition"
local expressions = require "tests.scripts.sandbox.dynamodb.expressions"
local ITEM, scope = expressions.ITEM, expressions.scope

-- What an expression makes of the item: true, false, or what is wrong with it.
local function outcome(text)
  local fine, answer = pcall(function()
    return evaluate.matches(parse("ConditionExpression", text, scope()), ITEM)
  end)
  if fine then return answer end
  if not failure.is(answer) then error(answer, 0) end
  return (answer.message:gsub("^Invalid ConditionExpression: ", ""))
end

local CASES = {
  { "n = :n", true },
  { "n <> :n", false },
  { "n < :two", true },
  { "n <= :n", true },
  { "n > :two", false },
  { "n >= :n", true },
  { "n between :one and :two", true },
  { "n between :two and :one",
    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}" },
  { "n between :one and :s",
    "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}" },
  { "n in (:one, :n)", true },
  { "n in (:one, :two)", false },
  { "attribute_exists(n)", true },
  { "attribute_exists(zz)", false },
  { "attribute_not_exists(zz)", true },
  { "attribute_not_exists(m.q.w)", false },
  { "attribute_type(ss, :t)", true },
  { "attribute_type(ss, :s)",
    "Invalid attribute type name found; type: x, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}" },
  { "attribute_type(ss, :one)",
    "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N" },
  { "attribute_type(ss, ss)",
    "The first operand must be distinct from the remaining operands for this operator or function; operator: attribute_type, first operand: [ss]" },
  { "begins_with(a, :k)", true },
  { "begins_with(a, :one)",
    "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N" },
  { "begins_with(bi, :b)", true },
  { "contains(ss, :a)", true },
  { "contains(a, :k)", true },
  { "contains(l, :one)", true },
  { "contains(ns, :two)", true },
  { "contains(bi, :b)", true },
  { "size(l) = :two", false },
  { "size(a) = :one", true },
  { "size(ss) = :two", false },
  { "size(m) = :one", true },
  { "size(n) = :one", false },
  { "size(:one) = :one",
    "Incorrect operand type for operator or function; operator or function: size, operand type: N" },
  { "size(bi) > :two", true },
  { "not n = :n", false },
  { "not (n = :n)", false },
  { "n = :n and a = :k", true },
  { "n = :n or a = :s", true },
  { "not n = :n or a = :k", true },
  { "(n = :n)", true },
  { "((n = :n))", "The expression has redundant parentheses;" },
  { "(n) = (:n)", true },
  { "((n)) = :n", "The expression has redundant parentheses;" },
  { "n = :n and (a = :k or a = :s)", true },
  { "ss = :ss", false },
  { "l = :l", false },
  { "bo = :bo", true },
  { "nu = :nu", true },
  { "zz = :one", false },
  { "zz <> :one", true },
  { "l[0] = :one", true },
  { "l[2].x = :s", false },
  { "m.q.w > :two", true },
  { "n = n",
    "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]" },
  { "n = l", false },
  { "contains(n, n)",
    "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [n]" },
  { "begins_with(a, a)",
    "The first operand must be distinct from the remaining operands for this operator or function; operator: begins_with, first operand: [a]" },
  { "a", [[Syntax error; token: "<EOF>", near: "a"]] },
  { "(a)", [[Syntax error; token: "<EOF>", near: ")"]] },
  { "size(a)", "The function is not allowed to be used this way in an expression; function: size" },
  { "attribute_exists(:one)",
    "Operator or function requires a document path; operator or function: attribute_exists" },
  { "attribute_exists(a, a)",
    "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2" },
  { "foo(a)", "Invalid function name; function: foo" },
  { "foo(a) = :one", "Invalid function name; function: foo" },
  { "attribute_exists(a) = :one",
    "The function is not allowed to be used this way in an expression; function: attribute_exists" },
  { "attribute_exists(size(a))",
    "Operator or function requires a document path; operator or function: attribute_exists" },
  { "n = ", [[Syntax error; token: "<EOF>", near: "= "]] },
  { "  = :n", [[Syntax error; token: "=", near: "  = :n"]] },
  { "= :n", [[Syntax error; token: "=", near: "= :n"]] },
  { "n == :n", [[Syntax error; token: "=", near: "== :n"]] },
  { "n = :nope", "An expression attribute value used in expression is not defined; attribute value: :nope" },
  { "#n = :n", "An expression attribute name used in the document path is not defined; attribute name: #n" },
  { "name = :n", "Attribute name is a reserved keyword; reserved keyword: name" },
  { "n = :n and", [[Syntax error; token: "<EOF>", near: "and"]] },
  { "and", [[Syntax error; token: "and", near: "and"]] },
  { "n between :one", [[Syntax error; token: "<EOF>", near: ":one"]] },
  { "n in ()", [[Syntax error; token: ")", near: "()"]] },
  { "n in :one", [[Syntax error; token: ":one", near: "in :one"]] },
  { "n in (:one", [[Syntax error; token: "<EOF>", near: ":one"]] },
  { "not", [[Syntax error; token: "<EOF>", near: "not"]] },
  { "n = :n)", [[Syntax error; token: ")", near: ":n)"]] },
  { "(n = :n", [[Syntax error; token: "<EOF>", near: ":n"]] },
  { "size(l) < size(ss)", false },
  { "contains(size(a), :one)", false },
  { "n = :n and n = :n and n = :n or not (a = :s) and a = :k", true },
  { "n NOT = :n", [[Syntax error; token: "NOT", near: "n NOT ="]] },
  { "a = :k AND NOT n = :two", true },
  { "n = :n oR a = :s", true },
  { "attribute_EXISTS(a)", "Invalid function name; function: attribute_EXISTS" },
  { "begins_with(:k, a)", true },
  { "contains(:k, a)", true },
  { ":n = n", true },
  { ":one < n", true },
  { "a > :one", false },
  { "a < :a", false },
  { "l < :l", "Incorrect operand type for operator or function; operator or function: <, operand type: L" },
  { "n + :one = :two", [[Syntax error; token: "+", near: "n + :one"]] },
  { "#role = :s", false },
  { "attribute_not_exists(#role)", true },
  { "n = :n -- no comment", [[Syntax error; token: "-", near: ":n --"]] },
  { "n = : n", [[Syntax error; token: ":", near: "= : n"]] },
  { "n = # n", [[Syntax error; token: "#", near: "= # n"]] },
  { "a = ☃", [[Syntax error; token: "☃", near: "= ☃"]] },
  { "if_not_exists(a, :s) = :s", "The function is not allowed in a condition expression; function: if_not_exists" },
  { "zz between :one and :two", false },
  { "zz in (:one)", false },
  { "not zz in (:one)", true },
  { "zz < :one", false },
  { "n < a", false },
  { "contains(zz, :one)", false },
  { "begins_with(zz, :k)", false },
  { "attribute_type(zz, :t)", false },
  { "_n = :n", false },
  { "n between :one and :bo",
    "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: BOOL" },
  { "size(n) >= :nu",
    "Incorrect operand type for operator or function; operator or function: >=, operand type: NULL" },
  { "size(zz) = :one", false },
  { "size(zz) <> :one", true },
}

for _, case in ipairs(CASES) do
  it(case[1], function() assert.equal(case[2], outcome(case[1])) end)
end

describe("limits", function()
  local function many(n, text, joint)
    local parts = {}
    for i = 1, n do parts[i] = text end
    return table.concat(parts, joint)
  end
  local cases = {
    { "32 steps", "m" .. (".q"):rep(31) .. " = :n", false },
    { "33 steps", "m" .. (".q"):rep(32) .. " = :n",
      "The document path has too many nesting levels; nesting levels: 33" },
    { "an index of 2^31", "l[2147483648] = :n", "List index is not within the allowable range; index: [2147483648]" },
    { "an index of 20 digits", "l[12345678901234567890] = :n",
      "List index is not within the allowable range; index: [12345678901234567890]" },
    { "100 values in a list", "n in (" .. many(100, ":n", ",") .. ")", true },
    { "101 values in a list", "n in (" .. many(101, ":n", ",") .. ")",
      "The IN operator is provided with too many operands; number of operands: 101" },
    { "300 operators", many(150, "n=:n", " or ") .. " or not n=:n", "The expression contains too many operators; operator count: 301" },
    { "299 operators", many(150, "n=:n", " or "), true },
    { "4097 bytes", "n=:n" .. (" "):rep(4093), "Expression size has exceeded the maximum allowed size; expression size: 4097" },
    { "4096 bytes", "n=:n" .. (" "):rep(4092), true },
  }
  for _, case in ipairs(cases) do
    it(case[1], function() assert.equal(case[3], outcome(case[2])) end)
  end
end)
