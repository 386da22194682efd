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
  if not text:find "%[=*%[" then return text end
  return (text:gsub("(%[(=*)%[.-%]%2%])", function(block) return (block:gsub("[^\n]", "")) end))
end

-- Only a file that has the settings under this one name, and no other thing, is looked through.
local function has_config(text)
  if not (text:find('"config"', 1, true) or text:find("'config'", 1, true)) then return false end
  local times = 0
  for names in text:gmatch "%f[%w]local ([%w_, ]*)" do
    if names:find "%f[%w_]config%f[^%w_]" then times = times + 1 end
  end
  return times == 1 and not text:find "function[%w_.: ]*%([^)]*%f[%w_]config%f[^%w_]"
end

local function read(path)
  local at = config
  for name in path:gmatch "[^.]+" do
    if getmetatable(at) ~= "config" then return end -- a text, a list, a map: what is in it is not ours to say
    at = at[name]
  end
end

local function check_line(file, number, line, faults)
  for path in bare(line):gmatch "%f[%w_.:]config%.([%a_][%w_.]*)" do
    local ok, problem = pcall(read, path)
    if not ok then
      faults:add { file = file.path, line = number, message = problem:match "(there is no setting .*)$" or problem }
    end
  end
end

-- Each line with "config." in it.
local function check_lines(file, text, faults)
  local number, counted = 1, 1
  local at = text:find("config.", 1, true)
  while at do
    local start, stop = at, text:find("\n", at, true) or #text + 1
    while start > 1 and text:byte(start - 1) ~= 10 do start = start - 1 end
    number = number + select(2, text:sub(counted, at):gsub("\n", ""))
    counted = at + 1
    check_line(file, number, text:sub(start, stop - 1), faults)
    at = text:find("config.", stop, true)
  end
end

-- config_names.check(faults): adds a fault for each setting that a script names and that is none.
function config_names.check(faults)
  for _, file in ipairs(script_files.list()) do
    local text = script_files.read(file.name)
    if not file.name:find "_spec%.lua$" and has_config(text) then check_lines(file, without_blocks(text), faults) end
  end
end

return config_names
