-- SPDX-License-Identifier: MIT
-- bindings: a script's module as the files of --scripts DIR have it now, for the triggers of the sandbox: its own state
-- is not reloaded, because the faults that are armed and what Google says live in it. Without a folder, as `require`.
local config, lua_files, script_files = require "config", require "lua_files", require "script_files"
local universe = require "universe"

local folder = script_files.origin()
local seen, require_now -- how the folder was, and what it gave


local function look()
  local found = {}
  for i, file in ipairs(lua_files(folder)) do found[i] = ("%s %.9f"):format(file.path, file.modified) end
  return table.concat(found, "\n")
end


local function read(name)
  local path = folder .. "/" .. name
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text, path
end


-- name -> module. Raises what is wrong with it. Does not yield.
return function(name)
  if folder == "the binary" then return require(name) end
  local now = look()
  if now ~= seen then seen, require_now = now, universe.new({ config = config }, { read = read }) end
  return require_now(name)
end
