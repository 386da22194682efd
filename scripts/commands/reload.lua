-- SPDX-License-Identifier: MIT
-- usher reload: a running server reads its scripts and settings again.
local admin = require "admin_client"

local HELP <const> = [[
usage: usher reload [OPTION…]

A running server reads its scripts and settings again, proves them, and only then lets every worker swap.
Requests in flight finish on the version they began on. A set with a fault changes nothing.
Exit code 0: the new version serves. 1: it was refused, and why is printed; or nothing answers.

]] .. admin.HELP


local function run(given)
  return admin.tell(given, admin.call(given, "POST", "/reload"))
end


return { summary = "a running server takes its scripts anew", help = HELP, wanted = admin.wanted {}, run = run,
  secrets = false }
