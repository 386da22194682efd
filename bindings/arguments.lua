-- SPDX-License-Identifier: MIT
-- bindings: what a command's words mean. commands.lua reads by it what a command says is wanted, and ends with exit
-- code 2 after what it raises.
--   arguments.read(args, { names = { "EMAIL" }, flags = { "json" }, values = { rate = arguments.number(1, 100) } })
--   -> { EMAIL = "a@b.c", json = true, rate = 10 }; dashes of options become underscores. rest = "PATH": the words that
--   are left become a list. Does not yield.
local nearest = require "nearest"

local DAY <const> = 86400 -- seconds

local arguments = {}

local Usage = {}
Usage.__index = Usage
Usage.__tostring = function(usage) return usage.message end


-- Raises: the command was called wrongly.
function arguments.refuse(message)
  error(setmetatable({ message = message }, Usage), 0)
end


function arguments.is_usage(value)
  return getmetatable(value) == Usage
end


-- Kinds of values: text -> value | nil, what is expected.
function arguments.text(text)
  return text ~= "" and text or nil, "something"
end


function arguments.number(low, high)
  return function(text)
    local value = tonumber(text)
    if value and value >= low and value <= high then return value end
    return nil, ("a number from %g to %g"):format(low, high)
  end
end


-- A number of days -> seconds.
function arguments.days(low, high)
  local number = arguments.number(low, high)
  return function(text)
    local days, expected = number(text)
    return days and days * DAY, expected
  end
end


function arguments.integer(text)
  return math.tointeger(tonumber(text)), "a whole number"
end


local function known_options(wanted)
  local known = {}
  for _, name in ipairs(wanted.flags or {}) do known["--" .. name] = true end
  for name, kind in pairs(wanted.values or {}) do known["--" .. name] = kind end
  return known
end


local function store(found, option, value)
  found[option:sub(3):gsub("-", "_")] = value
end


-- Reads the option args[i] -> how many words it took.
local function read_option(args, i, known, found)
  local option, given = args[i]:match("^(%-%-[^=]+)=(.*)$")
  option = option or args[i]
  local kind = known[option]
  if kind == nil then
    local name = nearest(option, known)
    arguments.refuse(("there is no option %s%s"):format(option, name and "; did you mean " .. name .. "?" or ""))
  end
  if kind == true then
    if given then arguments.refuse(option .. " takes no value") end
    store(found, option, true)
    return 1
  end
  local text = given or args[i + 1]
  local value, expected = kind(text or "")
  if text == nil or value == nil then
    arguments.refuse(("%s takes %s%s"):format(option, expected, text and ", not '" .. text .. "'" or ""))
  end
  store(found, option, value)
  return given and 1 or 2
end


local function read_names(words, names, rest, found)
  for i, name in ipairs(names) do
    if (words[i] or "") == "" then arguments.refuse(name .. " is missing") end
    found[name] = words[i]
  end
  if rest then
    found[rest] = table.move(words, #names + 1, #words, 1, {})
  elseif #words > #names then
    arguments.refuse(("'%s' is one word too many"):format(words[#names + 1]))
  end
end


function arguments.read(args, wanted)
  local known, found, words, i = known_options(wanted), {}, {}, 1
  while i <= #args do
    if args[i] == "--" then
      table.move(args, i + 1, #args, #words + 1, words)
      break
    end
    if args[i]:find("^%-.") then
      i = i + read_option(args, i, known, found)
    else
      words[#words + 1] = args[i]
      i = i + 1
    end
  end
  read_names(words, wanted.names or {}, wanted.rest, found)
  return found
end


return arguments
