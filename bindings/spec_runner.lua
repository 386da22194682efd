-- SPDX-License-Identifier: MIT
-- `usher test`: busted, inside the binary, as one task, so that specs may wait for I/O. busted comes from Debian's
-- lua-busted and is needed on development machines only. spec_report.lua says how it went, spec_watch.lua repeats it.
local arguments, lua_files, spec_needs = require "arguments", require "lua_files", require "spec_needs"
local testing = require "testing"

local FORMATS <const> = { plain = "plainTerminal", utf = "utfTerminal", TAP = "TAP", junit = "junit" }


local function missing(problem)
  io.stderr:write("usher test needs busted for Lua 5.4: apt-get install lua-busted\n", tostring(problem), "\n")
  return 1
end


local function format(text)
  return (text == "json" or FORMATS[text]) and text or nil, "json, junit, plain, TAP or utf"
end


-- Every *_spec.lua below the folders, in order; a file stands for itself.
local function collect(paths)
  local found = {}
  for _, path in ipairs(paths) do
    if path:match "%.lua$" then
      found[#found + 1] = path
    else
      for _, file in ipairs(lua_files(path)) do
        if file.path:find "_spec%.lua$" then found[#found + 1] = file.path end
      end
    end
  end
  return found
end


-- A traceback as far as it is the author's: without busted's own lines.
local function own_part(_, trace)
  local kept = {}
  for line in (trace.traceback or ""):gmatch "[^\n]+" do
    if line:find "/busted/" or line:find "spec_runner.lua" then break end
    kept[#kept + 1] = line
  end
  if kept[#kept] and kept[#kept]:find "in function 'xpcall'" then kept[#kept] = nil end
  trace.traceback = "\n" .. table.concat(kept, "\n")
  return trace
end


-- What busted calls for one file: it looks through __call for the chunk, to give it describe, it and the rest.
local function spec_file(chunk)
  return setmetatable({ getTrace = own_part }, { __call = chunk })
end


local function load_specs(busted, paths)
  local broken = false
  for _, file in ipairs(paths) do
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


-- A world ends with its file: what comes after has the real time again.
local function end_worlds(busted)
  busted.subscribe({ "file", "end" }, function()
    testing.finish()
    return nil, true
  end)
end


local function tell_watch(write)
  local path = os.getenv(spec_needs.VARIABLE)
  if path then write(path) end
end


local function run(paths, given)
  local found, make = pcall(require, "busted.core")
  if not found then return missing(make) end
  local busted = make()
  require "busted"(busted)
  local report = require "spec_report".new(busted, given.output, FORMATS[given.output])
  end_worlds(busted)
  local write_needs = spec_needs.follow(busted)
  local broken = load_specs(busted, collect(paths))
  require "busted.execute"(busted)(1, {})
  busted.publish({ "exit" })
  tell_watch(write_needs)
  return report:finish(broken, paths)
end


local WANTED <const> = {
  rest = "PATH", flags = { "json", "watch" }, values = { seed = arguments.integer, output = format },
}

-- scripts and config: what --scripts and --config say, or ""; then the words that are left.
return function(scripts, config, ...)
  local ok, given = pcall(arguments.read, { ... }, WANTED)
  if not ok then
    io.stderr:write(("usher test: %s\nusher: see 'usher test --help'\n"):format(tostring(given)))
    return 2
  end
  given.output = given.json and "json" or given.output or "plain"
  local paths = given.PATH
  if #paths == 0 then paths = scripts ~= "" and { scripts } or { "tests", "scripts" } end
  if given.watch then
    local function specs() return collect(paths) end
    return require "spec_watch"(specs, paths, scripts, config, given)
  end
  testing.seed = given.seed or math.random(1, 999999)
  return run(paths, given)
end
