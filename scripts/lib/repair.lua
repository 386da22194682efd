-- SPDX-License-Identifier: MIT
-- Mends what diagnosis.lua found, one finding after the other, and looks again after each. What an action
-- does is in mend/signup.lua and mend/records.lua. Called by the commands repair and reconcile; yields.
local common = require "lib.mend.common"
local diagnosis, dossier = require "lib.diagnosis", require "lib.dossier"

local repair = {}

local ROUNDS <const> = 24

local actions = {}
for _, part in ipairs { "lib.mend.signup", "lib.mend.records" } do
  for name, action in pairs(require(part)) do actions[name] = action end
end

-- What a dry run says that each action would do.
local WOULD <const> = {
  finish = "finish the sign-up from its stored step, or drop it when Cognito does not know the user yet",
  attach = "attach the card to the customer",
  clean = "remove what the earlier sign-up left", undo = "remove the unconfirmed user and all that is theirs",
  accept = "store that the code was accepted", put_user = "write the user record",
  complete = "make the account whole, with memberships and default key", join = "write the missing half",
  bill = "link the account's customer in Stripe, or make one without a card",
  remove_orphans = "delete the customer in Stripe", verify = "make both flags say the same",
  resend = "mail a new code", tell = "tell it now",
}


-- What is to be done next: what was asked for, then the findings, each once.
local function next_finding(findings, asked, tried, kinds)
  for _, found in ipairs(asked) do
    if not tried[found.kind] then return found, found.kind end
  end
  for _, found in ipairs(findings) do
    local name = found.kind .. "\0" .. (found.subject or "")
    local wanted = not kinds or kinds[found.kind]
    if found.action and wanted and not tried[name] then return found, name end
  end
end


local function look(email, options)
  local facts = dossier.gather(email, { too_long = options.too_long, orphan_after = options.orphan_after,
    ignore_lease = options.force })
  return facts, diagnosis.of(facts)
end


-- options: undo, resend = what was asked for besides · too_long, orphan_after as for dossier.gather · force =
-- take a lease that has not run out · only = do nothing else than what was asked for
local function asked_for(options)
  local asked = {}
  for _, action in ipairs { "undo", "resend" } do
    if options[action] then asked[#asked + 1] = { kind = "asked:" .. action, action = action } end
  end
  return asked
end


-- What would be done -> list of { kind, action, says, ok = nil }
function repair.plan(email, options)
  local facts, findings = look(email, options)
  local steps = {}
  for _, list in ipairs { asked_for(options), findings } do
    for _, found in ipairs(list) do
      if found.action then
        steps[#steps + 1] = { kind = found.kind, action = found.action, says = WOULD[found.action] }
      end
    end
  end
  return steps, findings, facts
end


-- Does it -> list of { kind, action, says, ok }, the findings that are left, the facts
function repair.run(email, options)
  local asked, steps, tried = asked_for(options), {}, {}
  for _ = 1, ROUNDS do
    local facts, findings, is = look(email, options)
    local found, name = next_finding(findings, asked, tried, options.kinds)
    if not found then return steps, findings, facts end
    tried[name] = true
    local ok, said = pcall(actions[found.action],
      { facts = facts, is = is, finding = found, force = options.force })
    if not ok then said = common.words(said) end
    steps[#steps + 1] = { kind = found.kind, action = found.action, says = said, ok = ok }
  end
  local facts, findings = look(email, options)
  return steps, findings, facts
end


return repair
