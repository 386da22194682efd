-- SPDX-License-Identifier: MIT
-- `usher NAME` where NAME is scripts/commands/NAME.lua: a module that returns { summary = "one line", help = text,
-- wanted = what arguments.read takes, run = function(given) -> exit code, secrets = false where it needs none of the
-- settings' secrets }. Its words are read before anything else; without wanted, run gets them as they are. commands.c
-- calls this with what is to be done: "run", "help", "list" or "unknown". A command that raises a text failed (1, with
-- a traceback); an error table is said without one.
local arguments, nearest = require "arguments", require "nearest"
local embedded, script_files, settings = require "embedded", require "script_files", require "settings"

local COMMON <const> = [[

Every command also takes:
  --config FILE   settings, as for serve
  --scripts DIR   scripts that replace the ones inside the binary
  --dev[=PORT]    the sandbox of a running `usher dev` (8080) instead of the settings' services
]]


local function say(text)
  io.stderr:write(text, "\n")
end


-- The names of all command scripts, sorted: those of --scripts, and those inside the binary.
local function names()
  local found, list = {}, {}
  local function add(path)
    local name = path:match("commands/([%l%d_]+)%.lua$")
    if name and not name:find("_spec$") then found[name] = true end
  end
  for _, file in ipairs(script_files.list()) do
    if file.name:find("^commands/") then add(file.name) end
  end
  for _, path in ipairs(embedded.list "scripts/commands/") do add(path) end
  for name in pairs(found) do list[#list + 1] = name end
  table.sort(list)
  return list
end


local function list()
  for _, name in ipairs(names()) do
    local ok, command = pcall(require, "commands." .. name)
    print(("  %-9s %s"):format(name, ok and command.summary or "cannot be loaded: see usher check"))
  end
  return 0
end


local function unknown(name, builtins)
  local known = {}
  for builtin in builtins:gmatch("%S+") do known[builtin] = true end
  for _, script in ipairs(names()) do known[script] = true end
  local meant, edits = nearest(name, known)
  local guess = edits * 2 <= #name and ("; did you mean '%s'?"):format(meant) or ""
  say(("usher: there is no command '%s'%s"):format(name, guess))
  say("usher: see 'usher --help'")
  return 2
end


local function help(name)
  io.write(require("commands." .. name).help, COMMON)
  return 0
end


local function with_traceback(err)
  return type(err) == "string" and debug.traceback(err, 2) or err
end


local function start(name, command, args)
  if command.wanted then args = arguments.read(args, command.wanted) end
  if command.secrets == false or #settings.missing == 0 then return command.run(args) end
  say("usher: " .. table.concat(settings.missing, "\n"))
  say(("usher %s: set them, or say --config FILE; with --dev it needs none"):format(name))
  return 1
end


local function run(name, ...)
  local ok, result = xpcall(start, with_traceback, name, require("commands." .. name), { ... })
  if ok then return result or 0 end
  say(("usher %s: %s"):format(name, tostring(result)))
  if not arguments.is_usage(result) then return 1 end
  say(("usher: see 'usher %s --help'"):format(name))
  return 2
end


local actions <const> = { list = list, unknown = unknown, help = help, run = run }

return function(action, ...)
  return actions[action](...)
end
