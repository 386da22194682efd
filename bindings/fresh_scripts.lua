-- SPDX-License-Identifier: MIT
-- bindings: a script's module as the files of --scripts DIR have it now, for the triggers of the sandbox: its own state
-- is not reloaded, because the faults that are armed and what Google says live in it. Without a folder, as `require`.
local config, files, script_files = require "config", require "files", require "script_files"
local universe = require "universe"

local folder = script_files.origin()
local seen, require_now -- how the folder was, and what it gave


local function look(path, found)
  for _, entry in ipairs(files.list(path) or {}) do
    local below = path .. "/" .. entry.name
    if entry.folder and entry.name:sub(1, 1) ~= "." then
      look(below, found)
    elseif entry.name:find "%.lua$" then
      found[#found + 1] = ("%s %.9f"):format(below, entry.modified)
    end
  end
  return found
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
  local now = table.concat(look(folder, {}), "\n")
  if now ~= seen then seen, require_now = now, universe.new({ config = config }, { read = read }) end
  return require_now(name)
end
