-- SPDX-License-Identifier: MIT
-- As much of DynamoDB's expressions as the fakes need: conditions of comparisons, attribute_exists,
-- attribute_not_exists, begins_with, AND, OR and brackets; updates given as set, set_once and remove.
local expression = {}


function expression.same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for name, value in pairs(a) do
    if not expression.same(value, b[name]) then return false end
  end
  for name in pairs(b) do
    if a[name] == nil then return false end
  end
  return true
end


local compare = {
  ["="] = expression.same,
  ["<>"] = function(a, b) return not expression.same(a, b) end,
  ["<"] = function(a, b) return type(a) == type(b) and a ~= nil and a < b end,
  ["<="] = function(a, b) return type(a) == type(b) and a ~= nil and a <= b end,
  [">"] = function(a, b) return type(a) == type(b) and a ~= nil and a > b end,
  [">="] = function(a, b) return type(a) == type(b) and a ~= nil and a >= b end,
}

local functions = {
  attribute_exists = function(a) return a ~= nil end,
  attribute_not_exists = function(a) return a == nil end,
  begins_with = function(a, b) return type(a) == "string" and a:sub(1, #b) == b end,
}


local function tokens_of(text)
  local list = {}
  for word in text:gsub("[(),]", " %0 "):gmatch("%S+") do list[#list + 1] = word end
  return list
end


local function parser(text, item, values)
  local tokens, at = tokens_of(text), 1
  local either

  local function take()
    at = at + 1
    return tokens[at - 1]
  end
  local function operand()
    local word = take()
    if word:sub(1, 1) ~= ":" then return item[word] end
    local value = values[word:sub(2)]
    assert(value ~= nil, "no value for " .. word .. " in " .. text)
    return value
  end
  local function single()
    if tokens[at] == "(" then
      take()
      local result = either()
      assert(take() == ")", text)
      return result
    end
    local fn = functions[tokens[at]]
    if not fn then
      local left = operand()
      local test = assert(compare[take()], text)
      return test(left, operand())
    end
    take()
    assert(take() == "(", text)
    local a, b = operand(), nil
    if tokens[at] == "," then
      take()
      b = operand()
    end
    assert(take() == ")", text)
    return fn(a, b)
  end
  local function both()
    local result = single()
    while tokens[at] == "AND" do
      take()
      result = single() and result
    end
    return result
  end
  function either()
    local result = both()
    while tokens[at] == "OR" do
      take()
      result = both() or result
    end
    return result
  end

  local result = either()
  assert(at == #tokens + 1, "cannot read " .. text)
  return result
end


-- Does the condition hold for the item? No condition always does.
function expression.holds(text, item, values)
  return text == nil or parser(text, item, values or {})
end


-- The item with request.set, set_once and remove done to it.
function expression.update(item, request)
  for name, value in pairs(request.set or {}) do item[name] = value end
  for name, value in pairs(request.set_once or {}) do
    if item[name] == nil then item[name] = value end
  end
  for _, name in ipairs(request.remove or {}) do item[name] = nil end
  return item
end


return expression
