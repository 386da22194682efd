-- SPDX-License-Identifier: MIT
-- Mail that usher writes itself, to the owner of an address. Nothing that somebody typed into a form is in it:
-- a stranger must not choose the words of our mail.
local log, metrics, ses = require "log", require "metrics", require "ses"

local owner_mail = {}

metrics.count("NOTICE_ERROR", 0, { method = "email" })

local EXISTS <const> = [[
Hello,

someone, perhaps you, tried to sign up with this e-mail address. You already have an account with us: %s

If it was not you, there is nothing to do. Nothing about your account has changed, and nobody has been told that
it exists.
]]

local HOW <const> = {
  password = "please sign in with your password. If you have forgotten it, the sign-in page lets you reset it.",
  external = "please use \u{201c}Sign in with Google\u{201d}.",
}


-- To the owner of an account, after a sign-up with their address. external: they sign in with Google.
function owner_mail.account_exists(email, external)
  local sent, err = ses.send {
    to = email, subject = "You already have an account",
    text = EXISTS:format(external and HOW.external or HOW.password),
  }
  if sent then return end
  metrics.count("NOTICE_ERROR", 1, { method = "email" })
  log.error("notice_failed", { error_code = err.code, status = err.status, upstream_request_id = err.request_id })
end


return owner_mail
