-- SPDX-License-Identifier: MIT
-- usher eject: the scripts inside the binary become files that can be edited. All of them appear at once, or none; with
-- --force a folder that is in use gets what it lacks, and nothing that was edited is touched.
local embedded, files, json = require "embedded", require "files", require "json"
local settings_file = require "settings_file"

local HELP <const> = [[
usage: usher eject [OPTION…] DIR

Writes the scripts inside this binary into the new folder DIR, for editing: routes, flows, hooks, triggers, libraries,
commands, the specs beside them, what editors and luacheck need to know, and usher.lua, a settings file in which every
setting stands as a comment with its default. DIR may exist if it is empty. Exit code 0: all is there. 1: nothing was
changed, and why is printed. 2: wrong usage.

  --force    DIR is in use (after an upgrade, say): write what it lacks and leave every file that it has; where one
             differs from the binary's, the binary's is put beside it as NAME.new
  --sandbox  the sandbox of `usher dev`, too; without it the binary's own is used
  --json     for programs: folder, written[], same[] (as in the binary), kept[] (differ: see NAME.new)

  usher eject my-scripts
  usher dev --scripts my-scripts      edit, save, ask: a saved file is taken at once
]]

local NEXT <const> = [[

Next, in the order of a change:
  usher dev --scripts DIR                           serve them over the sandbox; a saved file is taken at once
  usher test --scripts DIR                          run the specs beside them
  usher check --scripts DIR --dev                   what is wrong, with file and line
  usher serve --scripts DIR --config DIR/usher.lua  in production; then edit, and see `usher status`
]]


local Trouble = {} -- the world's fault: told, and what was begun is undone

local function trouble(problem)
  error(setmetatable({ message = problem }, Trouble), 0)
end

local function must(value, problem)
  return value or trouble(problem)
end


-- -> list of { name = "lib/form.lua", text = }
local function contents(with_sandbox)
  local list = {}
  for _, path in ipairs(embedded.list "scripts/") do
    local name = path:sub(#"scripts/" + 1)
    if with_sandbox or not name:find "^sandbox/" then
      list[#list + 1] = { name = name, text = embedded.read(path) }
    end
  end
  list[#list + 1] = { name = "usher.lua", text = settings_file(embedded.read "config/usher.lua") }
  return list
end


local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text
end


-- Whole or not at all: under another name first. made: what can be removed again, in order.
local function write(path, text, made)
  local part = path .. ".part"
  local file = must(io.open(part, "wb"))
  made[#made + 1] = part
  local ok, problem = file:write(text)
  local closed, later = file:close()
  must(ok, problem)
  must(closed, later)
  must(os.rename(part, path))
  made[#made] = path
end


-- The folders on the way to DIR/a/b.lua.
local function make_folders(dir, name, made)
  for slash in name:gmatch "()/" do
    local folder = dir .. "/" .. name:sub(1, slash - 1)
    local ok, new = files.make_folder(folder)
    must(ok, new)
    if new then made[#made + 1] = folder end
  end
end


local function undo(made)
  for i = #made, 1, -1 do os.remove(made[i]) end
end


-- Everything into a folder beside, which then takes the place of DIR.
local function write_new(dir, list, made, done)
  local part = ("%s.part-%d"):format(dir, os.time())
  local ok, new = files.make_folder(part)
  must(ok, new)
  if not new then trouble(part .. " is in the way") end
  made[1] = part
  for _, entry in ipairs(list) do
    make_folders(part, entry.name, made)
    write(part .. "/" .. entry.name, entry.text, made)
    done.written[#done.written + 1] = entry.name
  end
  local renamed, problem = os.rename(part, dir)
  if not renamed then trouble(problem .. "; name a folder that does not exist yet") end
end


-- DIR is in use: what it lacks, and NAME.new where it has something else.
local function write_missing(dir, list, made, done)
  for _, entry in ipairs(list) do
    local path = dir .. "/" .. entry.name
    local there = read(path)
    make_folders(dir, entry.name, made)
    if there == entry.text then
      table.insert(done.same, entry.name)
    elseif there then
      write(path .. ".new", entry.text, {})
      table.insert(done.kept, entry.name)
    else
      write(path, entry.text, made)
      table.insert(done.written, entry.name)
    end
  end
end


local function eject(dir, given)
  local entries = files.list(dir)
  if entries and #entries > 0 and not given.force then
    trouble(dir .. " is not empty; name another folder, or see --force")
  end
  local done = { folder = dir, written = json.array {}, same = json.array {}, kept = json.array {} }
  local made, in_use = {}, entries and #entries > 0
  local ok, problem = pcall(in_use and write_missing or write_new, dir, contents(given.sandbox), made, done)
  if ok then return done end
  undo(made)
  error(problem, 0)
end


local function show(done)
  print(("usher: wrote %d files into %s"):format(#done.written, done.folder))
  if #done.kept > 0 then
    print(("usher: %d differ from this binary's and were left; the binary's stand beside them:"):format(#done.kept))
    for _, name in ipairs(done.kept) do print(("  %s/%s.new"):format(done.folder, name)) end
  end
  io.write((NEXT:gsub("DIR", (done.folder:gsub("%%", "%%%%")))))
end


local WANTED <const> = { names = { "DIR" }, flags = { "force", "sandbox", "json" } }


local function run(given)
  local dir = given.DIR:gsub("(.)/+$", "%1")
  local ok, done = pcall(eject, dir, given)
  if not ok then
    if getmetatable(done) ~= Trouble then error(done, 0) end
    io.stderr:write("usher: nothing was ejected: ", done.message, "\n")
    return 1
  end
  if given.json then print(json.encode(done, { sorted = true })) else show(done) end
  return 0
end


return { summary = "write the scripts inside the binary out, for editing", help = HELP, wanted = WANTED, run = run,
  secrets = false }
