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
  return (text:gsub("(%[(=*)%[.-%]%2%])", function(block) return (block:gsub("[^\n]", "")) end))
end

-- Only a file that has the settings under this one name is looked through.
local function has_config(text)
  if not text:find "require%s*%(?%s*[\"']config[\"']" then return false end
  local _, times = text:gsub("%f[%w_]local [%w_, ]*%f[%w_]config%f[^%w_]", "")
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

-- config_names.check(faults): adds a fault for each setting that a script names and that is none.
function config_names.check(faults)
  for _, file in ipairs(script_files.list()) do
    local text, number = script_files.read(file.name), 0
    if not file.name:find "_spec%.lua$" and has_config(text) then
      for line in (without_blocks(text) .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        check_line(file, number, line, faults)
      end
    end
  end
end

return config_names
