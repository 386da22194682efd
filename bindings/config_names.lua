-- SPDX-License-Identifier: MIT
-- The settings that scripts name, config.signup.key, exist: looked for in their text, so that a misspelt one is told
-- before a request meets it. Called by proving.lua. Does not yield.
local config, script_files = require "config", require "script_files"

local config_names = {}

-- The code of a line, without strings and comments.
local function bare(line)
  return (line:gsub("\\.", ""):gsub('"[^"]*"', '""'):gsub("'[^']*'", "''"):gsub("%-%-.*", ""))
end

local function without_blocks(text)
  if not text:find("[[", 1, true) and not text:find("[=", 1, true) then return text end
  return (text:gsub("(%[(=*)%[.-%]%2%])", function(block) return (block:gsub("[^\n]", "")) end))
end

-- Each line with a word in it: where it begins, and its text.
local function lines_with(text, word)
  local from = 1
  return function()
    local start = text:find(word, from, true)
    if not start then return end
    from = text:find("\n", start, true) or #text + 1
    while start > 1 and text:byte(start - 1) ~= 10 do start = start - 1 end
    return start, text:sub(start, from - 1)
  end
end

-- How many locals are called config?
local function count_locals(text)
  local times = 0
  for _, line in lines_with(text, "config") do
    for names in line:gmatch "%f[%w]local ([%w_, ]*)" do
      if names:find "%f[%w_]config%f[^%w_]" then times = times + 1 end
    end
  end
  return times
end

-- Is a parameter?
local function has_parameter(text)
  local at = text:find("function", 1, true)
  while at do
    if text:find("^function[%w_.: ]*%([^)]*%f[%w_]config%f[^%w_]", at) then return true end
    at = text:find("function", at + 1, true)
  end
  return false
end

-- Only a file that has the settings under this one name, and no other thing, is looked through.
local function has_config(text)
  if not (text:find('"config"', 1, true) or text:find("'config'", 1, true)) then return false end
  return count_locals(text) == 1 and not has_parameter(text)
end

local function read(path)
  local at = config
  for name in path:gmatch "[^.]+" do
    if getmetatable(at) ~= "config" then return end -- a text, a list, a map: what is in it is not ours to say
    at = at[name]
  end
end

local function number_of(text, at)
  return 1 + select(2, text:sub(1, at):gsub("\n", ""))
end

local function check_line(file, text, start, line, faults)
  for path in bare(line):gmatch "%f[%w_.:]config%.([%a_][%w_.]*)" do
    local ok, problem = pcall(read, path)
    if not ok then
      problem = problem:match "(there is no setting .*)$" or problem
      faults:add { file = file.path, line = number_of(text, start), message = problem }
    end
  end
end

-- config_names.check(faults): adds a fault for each setting that a script names and that is none.
function config_names.check(faults)
  for _, file in ipairs(script_files.list()) do
    local text = script_files.read(file.name)
    if not file.name:find "_spec%.lua$" and has_config(text) then
      text = without_blocks(text)
      for start, line in lines_with(text, "config.") do check_line(file, text, start, line, faults) end
    end
  end
end

return config_names
