-- SPDX-License-Identifier: MIT
-- Proves a set of scripts before it serves: loads the handler, then runs the specs that lie beside the scripts. A small
-- runner that knows busted's describe, it, before_each, after_each, pending and the asserts below: the same files
-- run under `usher test`. Called by proof.c.
local globals = require "globals"

local proving = {}

local blocks, faults -- the describes that are open; what went wrong

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
  has_error = function(fn, expected) return raises(fn, expected), "an error was expected" end,
  matches = function(pattern, value)
    return type(value) == "string" and value:find(pattern) ~= nil, shown(value) .. " should match " .. shown(pattern)
  end,
}

local ALIASES = {
  equal = { "equals", "are_equal", "is_equal" }, same = { "are_same", "is_same" }, truthy = { "is_truthy" },
  has_error = { "error", "errors", "has_errors", "error_matches_any" }, matches = { "match", "is_match" },
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
define("falsy", function(value) return not value, shown(value) .. " should be false or nil" end)
define("is_falsy", function(value) return not value, shown(value) .. " should be false or nil" end)
define("is_table", function(value) return type(value) == "table", shown(value) .. " should be a table" end)
define("is_string", function(value) return type(value) == "string", shown(value) .. " should be a string" end)
define("is_function", function(value) return type(value) == "function", shown(value) .. " should be a function" end)
asserts.are, asserts.is, asserts.has = asserts, asserts, asserts

local function fault(name, problem)
  faults[#faults + 1] = name .. ": " .. tostring(problem)
end

local function full_name(name)
  local names = {}
  for _, block in ipairs(blocks) do names[#names + 1] = block.name end
  names[#names + 1] = name
  return table.concat(names, " ")
end

local function run_hooks(kind)
  for _, block in ipairs(blocks) do
    for _, hook in ipairs(block[kind]) do hook() end
  end
end

local environment = {
  describe = function(name, fn)
    blocks[#blocks + 1] = { name = name, before = {}, after = {} }
    local ok, problem = xpcall(fn, debug.traceback)
    blocks[#blocks] = nil
    if not ok then fault(full_name(name), problem) end
  end,
  it = function(name, fn)
    local ok, problem = xpcall(function()
      run_hooks "before"
      fn()
    end, debug.traceback)
    local cleaned, why = pcall(run_hooks, "after")
    if not ok then fault(full_name(name), problem) end
    if not cleaned then fault(full_name(name), why) end
  end,
  before_each = function(fn) table.insert(blocks[#blocks].before, fn) end,
  after_each = function(fn) table.insert(blocks[#blocks].after, fn) end,
  setup = function(fn) fn() end,
  pending = function() end,
  assert = asserts,
}
environment.context = environment.describe
setmetatable(environment, { __index = globals.environment() })

-- proving.environment() -> the globals of one spec: what it writes there, no other sees.
function proving.environment()
  return setmetatable({}, { __index = environment })
end

-- proving.run(handler, specs) -> nil, or a text with a line for each fault. Yields where a spec does.
function proving.run(handler, specs)
  blocks, faults = {}, {}
  local ok, problem = xpcall(require, debug.traceback, handler)
  if not ok then return tostring(problem) end
  for _, spec in ipairs(specs) do
    local fine, why = xpcall(spec, debug.traceback)
    if not fine then fault("a spec cannot be loaded", why) end
  end
  if #faults > 0 then return table.concat(faults, "\n") end
end

return proving
