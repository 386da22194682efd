-- SPDX-License-Identifier: MIT
-- `usher test`: busted, inside the binary, as one task, so that specs may wait for I/O. busted comes from Debian's
-- lua-busted and is needed on development machines only.
local function missing(problem)
  io.stderr:write("usher test needs busted for Lua 5.4: apt-get install lua-busted\n", tostring(problem), "\n")
  return 1
end

-- Every *_spec.lua below a folder, in order; a file stands for itself.
local function collect(paths)
  local files = {}
  for _, path in ipairs(paths) do
    if path:match("%.lua$") then
      files[#files + 1] = path
    else
      local list = assert(io.popen(("find '%s' -name '*_spec.lua' | sort"):format((path:gsub("'", "'\\''")))))
      for line in list:lines() do files[#files + 1] = line end
      list:close()
    end
  end
  return files
end

-- What busted calls for one file: it looks through __call for the chunk, to give it describe, it and the rest.
local function spec_file(chunk)
  return setmetatable({ getTrace = function(_, info) return info end }, { __call = chunk })
end

local function load_specs(busted, files)
  local broken = false
  for _, file in ipairs(files) do
    local chunk, problem = loadfile(file, "t")
    if chunk then
      busted.executors.file(file, spec_file(chunk))
    else
      io.stderr:write(problem, "\n")
      broken = true
    end
  end
  return broken
end

return function(...)
  local found, make = pcall(require, "busted.core")
  if not found then return missing(make) end
  local busted = make()
  require "busted"(busted)

  local failures, ran = 0, 0
  local options = { verbose = true, language = "en", arguments = {} }
  require "busted.outputHandlers.plainTerminal"(options):subscribe(options)
  local function failed()
    failures = failures + 1
    return nil, true
  end
  busted.subscribe({ "error" }, failed)
  busted.subscribe({ "failure" }, failed)
  busted.subscribe({ "test", "end" }, function()
    ran = ran + 1
    return nil, true
  end)

  local files = collect(select("#", ...) > 0 and { ... } or { "tests", "scripts" })
  local broken = load_specs(busted, files)
  require "busted.execute"(busted)(1, {})
  busted.publish({ "exit" })
  if ran == 0 then
    io.stderr:write("usher test: no test ran\n")
    return 1
  end
  return (broken or failures > 0) and 1 or 0
end
