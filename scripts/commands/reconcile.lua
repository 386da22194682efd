-- SPDX-License-Identifier: MIT
-- usher reconcile: walks everything, and finds or mends what is half made.
local arguments, clock = require "arguments", require "clock"
local interrupt, json = require "interrupt", require "json"
local diagnosis, dossier = require "lib.diagnosis", require "lib.dossier"
local pace, repair = require "lib.pace", require "lib.repair"
local report, sweep = require "lib.report", require "lib.sweep"

local RATE <const> = 25
local YOUNG <const> = 86400 -- seconds: a customer of Stripe whose account may still come
local QUIET <const>, PROGRESS <const> = 2, 5 -- seconds before the first word on progress, and between two

-- What is looked for. Mails and people's own errands are inspect's and repair's.
local KINDS <const> = {
  signup_stopped = true, leftovers = true, unconfirmed_too_long = true, unconfirmed_unknown = true,
  confirmation_untold = true, user_without_row = true, row_without_user = true, row_without_account = true,
  membership_without_account = true, half_membership = true, account_without_customer = true, card_not_attached = true,
  orphan_customer = true, email_verified_differs = true, message_dead = true,
}

local HELP <const> = [[
usage: usher reconcile [OPTION…]

Walks all users of the pool, all rows of the table and all customers of Stripe, and finds what one store has
and another lacks. Changes nothing without --apply. SIGINT finishes the page and, with --state, remembers it.
Exit code 0: nothing is wrong, or all was mended. 1: something is left, or it was stopped. 2: wrong usage.

  --apply             mend what can be mended; a record whose user is gone is only reported
  --state FILE        keep the place in this file, and go on from there; it is removed at the end
  --rate N            calls a second, all services together (25)
  --older-than DAYS   a code that was not entered for so long is given up (7, or signup.ttl)
  --json              one object: dry_run, complete, looked_at (users, rows, customers), people[] (asked, email,
                      findings[] as of inspect, done[] as of repair)

A customer in Stripe without an account is left alone for a day.
]]


local function read_state(path)
  local file = path and io.open(path, "r")
  if not file then return nil end
  local state = json.decode(file:read("a"))
  file:close()
  if type(state) ~= "table" or type(state.phase) ~= "number" then
    arguments.refuse(path .. " is not a state file of reconcile")
  end
  return state
end


-- A crash in the middle leaves the old file or the new one.
local function write_state(path, state)
  if not path then return end
  local part = path .. ".part"
  local file = assert(io.open(part, "w"))
  assert(file:write(json.encode(state, { sorted = true }), "\n"))
  assert(file:close())
  assert(os.rename(part, path))
end


local function new_state()
  return { phase = 1, looked_at = {}, people = json.array {} }
end


local function wanted(findings)
  local list = {}
  for _, found in ipairs(findings) do
    if found.level == "wrong" and KINDS[found.kind] then list[#list + 1] = found end
  end
  return list
end


-- Looks at one suspect in full, and mends it if asked to. The same person may be suspected more than once.
local function settle(walk, asked)
  local facts = dossier.gather(asked, walk.options)
  local name = facts.email or asked
  local findings = wanted(diagnosis.of(facts))
  if #findings == 0 or walk.seen[name] then return end
  walk.seen[name] = true
  local person = { asked = asked, email = facts.email, done = json.array {} }
  if walk.apply then
    local steps, left = repair.run(asked, walk.options)
    person.done, findings = json.array(steps), wanted(left)
  end
  person.findings = report.findings(findings)
  walk.state.people[#walk.state.people + 1] = person
end


local function tell_progress(walk, phase)
  local now = clock.monotonic()
  if now < walk.next_word then return end
  walk.next_word = now + PROGRESS
  io.stderr:write(("reconcile: %s, %d looked at, %d people with findings\n"):format(phase.name,
    walk.state.looked_at[phase.name], #walk.state.people))
end


local function walk_page(walk, phase)
  local state = walk.state
  local page, cursor = phase.page(state.cursor)
  for _, item in ipairs(page) do
    local asked = phase.suspect(item, walk.options)
    if asked then settle(walk, asked) end
    state.looked_at[phase.name] = (state.looked_at[phase.name] or 0) + 1
    tell_progress(walk, phase)
  end
  state.cursor = cursor
  if not cursor then state.phase = state.phase + 1 end
end


-- -> was all of it walked?
local function walk_all(walk)
  local watch = interrupt.watch()
  while walk.state.phase <= #sweep do
    walk_page(walk, sweep[walk.state.phase])
    write_state(walk.path, walk.state)
    if watch:came() and walk.state.phase <= #sweep then return false end
  end
  if walk.path then os.remove(walk.path) end
  return true
end


local function text(walk, complete)
  local lines, looked_at = {}, walk.state.looked_at
  for _, person in ipairs(walk.state.people) do
    lines[#lines + 1] = person.email or person.asked
    for _, step in ipairs(person.done) do
      lines[#lines + 1] = ("  %s %s  (%s)"):format(step.ok and "✓" or "✗", step.says, step.kind)
    end
    for _, found in ipairs(person.findings) do
      lines[#lines + 1] = ("  %s  (%s)"):format(found.says, found.kind)
      if found.command then lines[#lines + 1] = "    → " .. found.command end
    end
  end
  lines[#lines + 1] = ("%s: %d users, %d rows, %d customers; %d people with findings%s"):format(
    complete and "All looked at" or "Stopped", looked_at.users or 0, looked_at.rows or 0, looked_at.customers or 0,
    #walk.state.people, walk.apply and "" or "; nothing was changed")
  return table.concat(lines, "\n") .. "\n"
end


local function is_clean(people)
  for _, person in ipairs(people) do
    if #person.findings > 0 then return false end
  end
  return true
end


local WANTED <const> = { flags = { "apply", "json" }, values = { state = arguments.text,
  rate = arguments.number(0.1, 1000), ["older-than"] = arguments.days(0, 3650) } }


local function run(given)
  pace.limit(given.rate or RATE)
  local walk = {
    apply = given.apply, path = given.state, state = read_state(given.state) or new_state(), seen = {},
    next_word = clock.monotonic() + QUIET,
    options = { orphan_after = YOUNG, kinds = KINDS, too_long = given.older_than },
  }
  for _, person in ipairs(walk.state.people) do walk.seen[person.email or person.asked] = true end
  local complete = walk_all(walk)
  if given.json then
    print(json.encode({ dry_run = not given.apply, complete = complete, looked_at = walk.state.looked_at,
      people = walk.state.people }, { sorted = true }))
  else
    io.write(text(walk, complete))
  end
  return complete and is_clean(walk.state.people) and 0 or 1
end


return { summary = "walk all stores, and mend what is half made", help = HELP, wanted = WANTED, run = run }
