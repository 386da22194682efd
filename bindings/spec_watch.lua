-- SPDX-License-Identifier: MIT
-- bindings: `usher test --watch`: runs the specs in a process of their own, waits until a file of theirs or of the
-- scripts changes, says which, and runs them again. Ctrl-C ends it, with the exit code of the last run.
local clock, interrupt, lua_files = require "clock", require "interrupt", require "lua_files"

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


local function command_line(scripts, config, words)
  local all = { io.popen("readlink /proc/$PPID/exe"):read "l", "test" }
  if scripts ~= "" then table.move({ "--scripts", scripts }, 1, 2, #all + 1, all) end
  if config ~= "" then table.move({ "--config", config }, 1, 2, #all + 1, all) end
  for _, word in ipairs(words) do
    if word ~= "--watch" then all[#all + 1] = word end
  end
  for i, word in ipairs(all) do all[i] = quote(word) end
  return table.concat(all, " ")
end


return function(paths, scripts, config, words)
  local command, watch = command_line(scripts, config, words), interrupt.watch()
  local folders = table.move(paths, 1, #paths, 1, { scripts ~= "" and scripts or "scripts" })
  if #folders == 1 then table.move(paths, 1, #paths, 2, folders) end
  local code
  io.stdout:setvbuf "line"
  repeat
    local before = look_at(folders)
    local _, how, number = os.execute(command)
    code = how == "exit" and number or 1
    local interrupted, path = how == "signal"
    if not interrupted then print "usher test: waiting for a change; Ctrl-C ends it" end
    while not interrupted and not path do
      clock.sleep(GLANCE)
      interrupted = watch:came()
      path = changed(before, look_at(folders))
    end
    if path then print(("\nusher test: %s has changed"):format(path)) end
  until interrupted
  return code
end
