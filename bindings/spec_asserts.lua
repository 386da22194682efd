-- SPDX-License-Identifier: MIT
-- busted's asserts, as far as the specs beside scripts may use them: what proving.lua gives them as `assert`. Does not
-- yield.
local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function shown(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local function raises(fn, expected)
  local ok, problem = pcall(fn)
  return not ok and (expected == nil or same(problem, expected))
end

-- name -> does it hold?, and what was expected, in words
local checks = {
  equal = function(expected, value) return expected == value, shown(value) .. " should be " .. shown(expected) end,
  same = function(expected, value) return same(expected, value), "the two tables differ" end,
  is_true = function(value) return value == true, shown(value) .. " should be true" end,
  is_false = function(value) return value == false, shown(value) .. " should be false" end,
  is_nil = function(value) return value == nil, shown(value) .. " should be nil" end,
  truthy = function(value) return value and true or false, shown(value) .. " should be true or something" end,
  falsy = function(value) return not value, shown(value) .. " should be false or nil" end,
  has_error = function(fn, expected) return raises(fn, expected), "an error was expected" end,
  matches = function(pattern, value)
    return type(value) == "string" and value:find(pattern) ~= nil, shown(value) .. " should match " .. shown(pattern)
  end,
}

local ALIASES = {
  equal = { "equals", "are_equal", "is_equal" }, same = { "are_same", "is_same" }, truthy = { "is_truthy" },
  falsy = { "is_falsy" }, has_error = { "error", "errors", "has_errors" }, matches = { "match", "is_match" },
}

local asserts = setmetatable({}, { __call = function(_, value, message, ...)
  if not value then error(message or "assertion failed!", 2) end
  return value, message, ...
end })

local function define(name, check)
  asserts[name] = function(...)
    local holds, problem = check(...)
    if not holds then error(problem, 2) end
  end
  local denied = function(...)
    local holds, problem = check(...)
    if holds then error("not: " .. problem, 2) end
  end
  asserts["not_" .. name] = denied
  asserts["is_not_" .. name:gsub("^is_", "")] = denied
end

for name, check in pairs(checks) do
  define(name, check)
  for _, alias in ipairs(ALIASES[name] or {}) do define(alias, check) end
end
for _, kind in ipairs { "table", "string", "function" } do
  define("is_" .. kind, function(value) return type(value) == kind, shown(value) .. " should be a " .. kind end)
end
asserts.are, asserts.is, asserts.has = asserts, asserts, asserts

return asserts
