-- SPDX-License-Identifier: MIT
-- usher rollback: a running server goes back to scripts that served before.
local admin, arguments = require "admin_client", require "arguments"

local HELP <const> = [[
usage: usher rollback [OPTION…]

A running server goes back to a version of its scripts and settings that it still has in memory. The files are not
touched: mend them before the next reload. Exit code 0: the old version serves. 1: there is none; or nothing answers.

  --to NUMBER   of the version, as `usher status` lists them (default: the one before)
]] .. admin.HELP


local function run(given)
  local to = given.to and ("?to=%d"):format(given.to) or ""
  return admin.tell(given, admin.call(given, "POST", "/rollback" .. to))
end


return { summary = "a running server goes back to scripts that served before", help = HELP,
  wanted = admin.wanted { to = arguments.integer }, run = run, secrets = false }
