-- SPDX-License-Identifier: MIT
-- usher inspect: the whole story of one customer over the three stores, and what is wrong with it.
local arguments, json = require "arguments", require "json"
local diagnosis, dossier = require "lib.diagnosis", require "lib.dossier"
local page, report = require "lib.page", require "lib.report"

local HELP <const> = [[
usage: usher inspect [OPTION…] EMAIL|SUB|ACCOUNT

What Cognito, DynamoDB and Stripe hold of one person, side by side; when it came about; what is wrong, in
words, and the command that mends it. Takes an e-mail address, a sub or username, a visible_account_id or a
Stripe customer. Reads only. Shows personal data, never secrets. Exit code 0: healthy. 1: something is wrong,
or a store cannot be read. 2: wrong usage.

  --json              for programs: one object
      asked, email, healthy
      findings[]      kind (stable), level (wrong, waiting, note), symptom, says, command?, stores?, subject?
      cognito.users[]     username, sub, status, enabled, email, name, email_verified, created_at, updated_at
      dynamodb.users[]    sub and the record's fields
      dynamodb.accounts[] id, details (the record or null), users_with_membership[], members[], api_keys[]
      dynamodb.intent     null, or signup_id, step, stopped_at?, is_leased, lease_until?, code_sent, …
      dynamodb.outbox[]   kind, state (PENDING, DEAD), attempts, next_try?, error_code?
      stripe.customers[]  id, email, name, country, created_at, default_payment_method?, signup_id, sub,
                          account
      stripe.deleted[]    ids that are named somewhere and gone
      timeline[]          at, what
  --older-than DAYS   a code that was not entered for so long is given up (7, or signup.ttl)
]]


local WANTED <const> = { names = { "EMAIL|SUB|ACCOUNT" }, flags = { "json" },
  values = { ["older-than"] = arguments.days(0, 3650) } }


local function run(given)
  local facts = dossier.gather(given["EMAIL|SUB|ACCOUNT"], { too_long = given.older_than })
  local findings = diagnosis.of(facts)
  local healthy = diagnosis.is_healthy(findings)
  local view = report.view(facts, findings, healthy)
  io.write(given.json and json.encode(view, { sorted = true }) .. "\n" or page.of(view))
  return healthy and 0 or 1
end


return { summary = "what is wrong with this customer", help = HELP, wanted = WANTED, run = run }
