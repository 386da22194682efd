-- SPDX-License-Identifier: MIT
-- The intent that a browser's request works on: a sign-up puts a new one, or finds out what the one that is there
-- means; a confirmation finds its own. What federated.lua does for somebody whom Google knows.
local crypto, fail, task = require "crypto", require "fail", require "task"
local conceal, fingerprint, intent = require "lib.conceal", require "lib.fingerprint", require "lib.intent"
local ownership, proof, trouble = require "lib.ownership", require "lib.proof", require "lib.trouble"

local opening = {}


local function idempotency_key(req)
  local key = req:header("Idempotency-Key")
  if not key or key:find("^[\x21-\x7e]+$") and #key <= 255 then return key end
  fail(400, "bad_request", nil, { message = "Idempotency-Key takes 1 to 255 visible ASCII characters." })
end


local function stop_without(signup, done, problem)
  if done == nil then trouble.stop(signup, "intent", problem) end
end


-- The Idempotency-Key and the intent, side by side. -> tied, bound; fresh, old
local function put_both(item)
  local fresh, old
  local tied, bound = true, nil
  task.all {
    function() fresh, old = intent.put(item) end,
    function()
      if item.idempotency then tied, bound = intent.bind(item) end
    end,
  }
  return tied, bound, fresh, old
end


-- The key first: what is refused for it must not depend on what is known of the address.
local function put_after_key(signup, item)
  local tied, bound = true, nil
  if item.idempotency then tied, bound = intent.bind(item) end
  stop_without(signup, tied, bound)
  if not tied then tied = not ownership.check_key_alone(signup, item, bound) end
  return tied, bound, intent.put(item)
end


-- Puts the new intent and the record of the Idempotency-Key. -> the intent that is there already | nil: this one is
-- new; and the key's record, if it was there
local function put(signup, item)
  local tied, bound, fresh, old
  if conceal.is_on() then
    tied, bound, fresh, old = put_after_key(signup, item)
  else
    tied, bound, fresh, old = put_both(item)
  end
  if fresh then
    signup.fresh, signup.proven = true, true
    signup:own(item)
  end
  stop_without(signup, fresh, old)
  stop_without(signup, tied, bound)
  if not tied then
    signup.key_used, signup.discard_intent = true, fresh
    ownership.check_key(signup, item, not fresh and old or nil, bound)
    signup.discard_intent = false
  end
  if conceal.is_busy(item) then
    signup.discard_intent = fresh
    ownership.in_progress(signup)
  end
  if not fresh then return old, not tied and bound or nil end
end


-- Puts the intent, or finds out what the one that is there means. What was asked for is kept for conceal.lua.
function opening.sign_up(signup, req, form)
  signup.at = "intent"
  local item = intent.new(form, idempotency_key(req), signup.owner)
  signup.wanted, signup.given, signup.captcha_token = item, proof.given(req, form), form.captcha_token
  local old, bound = put(signup, item)
  if not old then return end
  item = ownership.settle(signup, item, old, form, signup.given, bound)
  signup:own(item)
  signup.proven = true
end


-- Codes that went to Cognito without a clear answer are kept until there is one.
-- -> the list with this one, was it in?
local function with_code(codes, code)
  local list = {}
  for i, one in ipairs(codes or {}) do
    if crypto.equal(one, code) then return codes, true end
    list[i] = one
  end
  list[#list + 1] = code
  return list, false
end


-- Without the proof, where the settings allow that, only the code itself opens what it has opened before.
local function check_proof(signup, found, form, given)
  signup.brought_proof = found ~= nil and proof.holds(found, given)
  if signup.brought_proof then return end
  conceal.check_code(signup, form, given)
  if not intent.may_confirm(found, given) then trouble.refuse(signup, "proof", 422, "signup_superseded") end
  if not found or not found.code_accepted then return end
  local code = fingerprint.code(found.signup_id, form.code)
  if found.accepted_code and crypto.equal(found.accepted_code, code) then return end
  conceal.refuse_code(signup, form.email)
end


-- Finds the intent that is to be confirmed: it must be this browser's.
function opening.confirm(signup, req, form)
  signup.at = "proof"
  local found, err = intent.find(form.email)
  if err then trouble.stop(signup, "proof", err) end
  check_proof(signup, found, form, proof.given(req, form))
  if not found or not found.sub then conceal.refuse_code(signup, form.email) end

  local codes
  codes, signup.code_in_doubt = with_code(found.confirming, fingerprint.code(found.signup_id, form.code))
  local set = not found.code_accepted and { confirming = codes } or nil
  local claimed, problem = intent.claim(found, signup.owner, set)
  if claimed == nil then trouble.stop(signup, "proof", problem) end
  if not claimed then signup:busy() end
  signup:own(claimed)
end


return opening
