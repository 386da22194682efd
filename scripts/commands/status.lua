-- SPDX-License-Identifier: MIT
-- usher status: what a running server serves, since when, and what it refused last.
local clock = require "clock"
local admin = require "admin_client"

local HELP <const> = [[
usage: usher status [OPTION…]

What a running server serves: the version of its scripts, its age and who asked for it, the requests in flight, the
versions that `usher rollback` can go back to, the hash of every file, and why the last reload was refused, with its
traceback. Exit code 0; 1: nothing answers.

]] .. admin.HELP


local function age(seconds)
  if seconds < 120 then return ("%.0f s"):format(seconds) end
  if seconds < 7200 then return ("%.0f min"):format(seconds / 60) end
  return seconds < 172800 and ("%.0f h"):format(seconds / 3600) or ("%.0f days"):format(seconds / 86400)
end


local function line(version, mark)
  return ("%s %6d  %s  %8s  %-20s  %9d  %s"):format(mark, version.number, clock.iso8601(version.since),
    age(version.age_seconds), version.trigger, version.in_flight, version.hash:sub(1, 12))
end


local function show_files(files)
  local names = {}
  for name in pairs(files) do names[#names + 1] = name end
  table.sort(names)
  print "  file's hash   file"
  for _, name in ipairs(names) do print(("  %s  %s"):format(files[name]:sub(1, 12), name)) end
end


local function show(status)
  local scripts = status.scripts
  print(("usher %s, env %s, up %.0f s%s; scripts from %s"):format(status.version, status.env, status.uptime_seconds,
    status.draining and ", draining" or "", scripts.current.origin))
  print "  number  since                      age  by                    in flight  hash"
  print(line(scripts.current, ">"))
  for _, version in ipairs(scripts.older) do print(line(version, " ")) end
  show_files(scripts.current.files)
  local refusal = scripts.last_refusal
  if not refusal then return end
  print(("last refused: %s, %s:\n%s"):format(clock.iso8601(refusal.at), refusal.trigger, refusal.problem))
end


local function run(given)
  local status, text = admin.call(given, "GET", "/status")
  if not status then return 1 end
  if given.json then print(text) else show(status) end
  return 0
end


return { summary = "what a running server serves, and since when", help = HELP, wanted = admin.wanted {}, run = run,
  secrets = false }
