-- SPDX-License-Identifier: MIT
-- bindings: `usher test --watch`: runs the specs in a process of their own, waits until a file of theirs or of the
-- scripts changes, says which, and runs those again that have loaded it, and whatever failed. Ctrl-C ends it, with the
-- exit code of the last run.
local clock, interrupt, lua_files = require "clock", require "interrupt", require "lua_files"
local spec_needs = require "spec_needs"

local GLANCE <const> = 0.1 -- seconds between two looks


local function look_at(paths)
  local seen = {}
  for _, path in ipairs(paths) do
    for _, file in ipairs(lua_files(path:find "%.lua$" and path:match "^(.*)/" or path)) do
      seen[file.path] = file.modified
    end
  end
  return seen
end


-- -> the name of a file that is new, gone or newer | nil
local function changed(before, now)
  for path, modified in pairs(now) do
    if before[path] ~= modified then return path end
  end
  for path in pairs(before) do
    if not now[path] then return path end
  end
end


local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end


local function command_line(scripts, config, given, specs, told)
  local all = { io.popen("readlink /proc/$PPID/exe"):read "l", "test", "--output", given.output }
  local function add(...) table.move({ ... }, 1, select("#", ...), #all + 1, all) end
  if scripts ~= "" then add("--scripts", scripts) end
  if config ~= "" then add("--config", config) end
  if given.seed then add("--seed", tostring(given.seed)) end
  add(table.unpack(specs))
  for i, word in ipairs(all) do all[i] = quote(word) end
  return ("%s=%s %s"):format(spec_needs.VARIABLE, quote(told), table.concat(all, " "))
end


-- The files of specs that a change of a file concerns, those that failed last first; all, where nobody knows the file.
local function concerned(specs, seen, path)
  local failed, others, rest, known = {}, {}, {}, false
  for _, spec in ipairs(specs) do
    local last = seen[spec]
    local needs = spec == path or last and path and (last.needs[path] or last.needs["./" .. path])
    local list = (not last or last.failed) and failed or needs and others or rest
    list[#list + 1] = spec
    known = known or needs
  end
  if not known then others = rest end
  return table.move(others, 1, #others, #failed + 1, failed)
end


-- Runs specs, and learns of each what it needs and how it went. -> exit code | nil when it was interrupted
local function run(command, specs, seen, told)
  local _, how, number = os.execute(command)
  for _, spec in ipairs(specs) do seen[spec] = nil end
  for spec, one in pairs(spec_needs.read(told)) do seen[spec] = one end
  os.remove(told)
  if how == "exit" then return number end
end


-- -> the path of a file that has changed | nil when it was interrupted
local function wait(watch, folders, before)
  print "usher test: waiting for a change; Ctrl-C ends it"
  repeat
    clock.sleep(GLANCE)
    local path = changed(before, look_at(folders))
    if path then return path end
  until watch:came()
end


-- collect() -> the files of specs as they are now; paths: where they are looked for; given: the options.
return function(collect, paths, scripts, config, given)
  local watch, seen, told = interrupt.watch(), {}, os.tmpname()
  local folders = table.move(paths, 1, #paths, 2, { scripts ~= "" and scripts or "scripts" })
  local code, path
  io.stdout:setvbuf "line"
  repeat
    local before, all = look_at(folders), collect()
    local specs = concerned(all, seen, path)
    if path then
      print(("\nusher test: %s has changed: %d of %d files of specs"):format(path, #specs, #all))
    end
    local ended = run(command_line(scripts, config, given, #specs > 0 and specs or paths, told), specs, seen, told)
    code = ended or 1
    path = ended and wait(watch, folders, before)
  until not path
  return code
end
