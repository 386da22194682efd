-- SPDX-License-Identifier: MIT
-- usher repair: finishes or undoes what is half made of one customer.
local arguments, json = require "arguments", require "json"
local diagnosis, repair, report = require "lib.diagnosis", require "lib.repair", require "lib.report"

local HELP <const> = [[
usage: usher repair [OPTION…] EMAIL

Finishes one sign-up from its stored step, without the browser; drops it where Cognito does not know the user
yet, because the password is kept nowhere; and mends what else `usher inspect` finds. Says what it did. The
same again does no harm. Exit code 0: nothing is wrong any more. 1: something is left. 2: wrong usage.

  --dry-run           say what would be done, and do nothing (exit code 1 when there is something)
  --undo              remove a sign-up that was not confirmed: user, records, customer
  --resend            mail a new code
  --force             do not wait for the lease of a request that may still be at work
  --older-than DAYS   a code that was not entered for so long is given up (7, or signup.ttl)
  --json              one object: email, dry_run, done[] (kind, action, says, ok), findings[] (as of inspect:
                      what is left), healthy
]]


local function text(email, given, steps, findings)
  local lines = { email .. (#steps == 0 and ": nothing to do" or given.dry_run and ": it would" or ":") }
  for _, step in ipairs(steps) do
    local mark = given.dry_run and "–" or step.ok and "✓" or "✗"
    lines[#lines + 1] = ("  %s %s  (%s)"):format(mark, step.says, step.kind)
  end
  for _, found in ipairs(findings) do
    if found.level == "wrong" and not given.dry_run then
      lines[#lines + 1] = "  left: " .. found.says
      if found.command then lines[#lines + 1] = "    → " .. found.command end
    end
  end
  return table.concat(lines, "\n") .. "\n"
end


local WANTED <const> = { names = { "EMAIL" }, flags = { "json", "dry-run", "undo", "resend", "force" },
  values = { ["older-than"] = arguments.days(0, 3650) } }


local function run(given)
  local steps, findings, facts = repair[given.dry_run and "plan" or "run"](given.EMAIL, {
    undo = given.undo, resend = given.resend, force = given.force,
    too_long = given.older_than,
  })
  -- After an undo there is nothing, and that is right.
  local email = facts.email or given.EMAIL
  local healthy = diagnosis.is_healthy(findings) or #steps > 0 and findings[1].kind == "unknown"
  local failed = false
  for _, step in ipairs(steps) do failed = failed or step.ok == false end
  if given.json then
    print(json.encode({ email = email, dry_run = given.dry_run or false, healthy = healthy,
      done = json.array(steps), findings = report.findings(findings) }, { sorted = true }))
  else
    io.write(text(email, given, steps, healthy and {} or findings))
  end
  return healthy and not failed and 0 or 1
end


return { summary = "finish or undo what is half made", help = HELP, wanted = WANTED, run = run }
