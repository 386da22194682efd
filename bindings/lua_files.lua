-- SPDX-License-Identifier: MIT
-- bindings: lua_files(folder) -> all Lua files below it, each as { path=, modified= }, in the order of their names;
-- without what is hidden. For `usher test`, its watch, and the sandbox's triggers. Synchronous.
local files = require "files"


local function add(folder, found)
  for _, entry in ipairs(files.list(folder) or {}) do
    local path, hidden = folder .. "/" .. entry.name, entry.name:sub(1, 1) == "."
    if entry.folder and not hidden then
      add(path, found)
    elseif entry.name:find "%.lua$" and not hidden then
      found[#found + 1] = { path = path, modified = entry.modified }
    end
  end
  return found
end


return function(folder)
  return add(folder, {})
end
