-- SPDX-License-Identifier: MIT
-- `usher check`: the settings were read before this runs; here every script is compiled and the routes are loaded as a
-- server would. Prints each fault as file:line: message. Returns the exit code.
local script_files = require "script_files"

local function compile_all()
  local faults, count = 0, 0
  for _, file in ipairs(script_files.list()) do
    count = count + 1
    local chunk, problem = load(script_files.read(file.name), "@" .. file.path, "t")
    if not chunk then
      faults = faults + 1
      io.stderr:write(problem, "\n")
    end
  end
  return faults, count
end

return function()
  local faults, count = compile_all()
  if faults == 0 then
    local ok, problem = pcall(require, "router")
    if not ok then
      faults = 1
      io.stderr:write(tostring(problem), "\n")
    end
  end
  if faults > 0 then
    io.stderr:write(("usher check: %d fault%s; nothing was changed\n"):format(faults, faults > 1 and "s" or ""))
    return 1
  end
  print(("usher check: settings and %d scripts are good"):format(count))
  return 0
end
