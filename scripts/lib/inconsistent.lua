-- SPDX-License-Identifier: MIT
-- Stores that disagree: counted when it is detected, looked at again until they agree. What this process has
-- seen is marked, for all its workers; a job reads the intents of the marks, and so learns of what a retry,
-- another process or `usher repair` has mended. A restart forgets the marks: `usher reconcile` finds them all.
local dynamodb, marks, metrics = require "dynamodb", require "marks", require "metrics"
local keys = require "lib.keys"

local inconsistent = {}

local STORES <const> = { "USER", "ACCOUNT" }


local function show(stores)
  metrics.gauge(("INCONSISTENT_%s_STORES_OPEN"):format(stores), marks.count(stores .. " "))
end

for _, stores in ipairs(STORES) do show(stores) end


-- stores: "USER" or "ACCOUNT". signup.intent may be nil.
function inconsistent.found(signup, step, stores)
  metrics.count(("INCONSISTENT_%s_STORES"):format(stores), 1, { method = signup.method, step = step })
  local item = signup.intent
  if not item or not item.pk then return end
  marks.add(table.concat({ stores, signup.method, step, item.pk, item.signup_id }, " "))
  show(stores)
end


-- -> boolean | nil: the table cannot be read now
local function is_mended(pk, signup_id)
  local item, err = dynamodb.get { key = { pk = pk, sk = keys.intent("").sk }, consistent = true }
  if err then return nil end
  if not item or item.signup_id ~= signup_id then return true end -- given up, and cleaned up
  if item.step == "FAILED" then return not item.supersedes end
  if item.step ~= "DONE" then return false end
  if not item.code_accepted or item.unverified then return true end
  local user, problem = dynamodb.get { key = keys.user(item.sub), consistent = true }
  if problem then return nil end
  return user ~= nil and user.email_verified == true
end


-- Looks at what is open. A job; yields.
function inconsistent.check()
  for _, stores in ipairs(STORES) do
    for _, mark in ipairs(marks.list(stores .. " ")) do
      local method, step, pk, signup_id = mark:match "^%S+ (%S+) (%S+) (%S+) (%S+)$"
      if is_mended(pk, signup_id) and marks.remove(mark) then
        metrics.count(("INCONSISTENT_%s_STORES_REPAIRED"):format(stores), 1, { method = method, step = step })
      end
    end
    show(stores)
  end
end


return inconsistent
