-- SPDX-License-Identifier: MIT
-- What all of lib/mend shares. An action of mend/signup.lua or mend/records.lua gets
-- work = { facts, is, finding, force } and gives what it did, in words; it raises what went wrong, of which
-- common.words makes a sentence. Every action bears repetition.
local clock, fail, saga = require "clock", require "fail", require "lib.saga"

local common = { AT_WORK = "a request is working on it: again in a moment, or with --force" }


local Refusal = { __tostring = function(err) return err.message end }

function common.refuse(message, ...)
  error(setmetatable({ message = message:format(...) }, Refusal), 0)
end


function common.must(ok, err, what)
  if ok then return ok end
  common.refuse("%s: %s", what, err.code or err.kind or err.type or "no answer")
end


function common.method_of(is)
  if is.row and is.row.signup_method then return is.row.signup_method end
  return is.user and is.user.status == "EXTERNAL_PROVIDER" and "google" or "email"
end


-- Works on the intent that is there, under its lease. Raises what body raised.
function common.adopt(work, item, force, body)
  local ok, err = saga.adopt(item, common.method_of(work.is), force, body)
  if ok then return end
  if type(err) == "table" and err.code == "leased" then common.refuse(common.AT_WORK) end
  error(err, 0)
end


-- What the sign-up knew of the person, or what is left of it.
function common.form_of(is)
  local known, user = is.intent and is.own_intent and is.intent.form or {}, is.user
  local row, details = is.row or {}, is.account and is.account.details or {}
  return {
    email = user.attributes.email or row.email, name = row.name or known.name or user.attributes.name,
    organization = row.organization or known.organization or details.organization,
    country = row.country or known.country or details.country, utm = row.utm or known.utm,
  }
end


local function created(user)
  return clock.iso8601(user.created_at or clock.now())
end


-- Like a saga, for steps that need no lease.
function common.stand_in(work)
  local is = work.is
  return { method = common.method_of(is), intent = {
    sub = is.user.sub, username = is.user.username, form = common.form_of(is),
    created_at = created(is.user), confirmed = is.verified,
  } }
end


-- What an error is called. A script's own fault goes on.
function common.words(err)
  if fail.is(err) then
    return err.code == "try_again" and "a service failed (step_failed above): again when it works" or err.code
  end
  if type(err) == "table" then return tostring(err) end
  error(err, 0)
end


return common
