-- SPDX-License-Identifier: MIT
-- Puts codes and invitations into the sandbox's mailbox, worded as the pool's templates say, and
-- describes the delivery as the service does: with the address masked.
local mailbox = require "sandbox.mailbox"

local delivery = {}

local MEDIUM = { email = "EMAIL", phone_number = "SMS" }

local function mask_word(word)
  return word:match("^" .. utf8.charpattern) .. "***"
end

function delivery.mask(attribute, value)
  if attribute == "phone_number" then return "+" .. ("*"):rep(math.max(#value - 5, 0)) .. value:sub(-4) end
  local localpart, domain = value:match("^(.*)@(.*)$")
  return mask_word(localpart) .. "@" .. mask_word(domain)
end

function delivery.details(attribute, value)
  return { AttributeName = attribute, DeliveryMedium = MEDIUM[attribute],
    Destination = delivery.mask(attribute, value) }
end

local function fill(template, code, username)
  local values = { ["####"] = code, username = username }
  return (template:gsub("{(.-)}", function(name) return values[name] end))
end

local function send(user, attribute, subject, template, code)
  local value = user.attributes[attribute]
  mailbox.deliver { to = value, subject = subject, text = fill(template, code, user.username), code = code }
  return delivery.details(attribute, value)
end

local function verification(pool, user, attribute, code)
  local settings = pool.settings
  local template = settings.VerificationMessageTemplate or {}
  return send(user, attribute,
    settings.EmailVerificationSubject or template.EmailSubject or "Your verification code",
    settings.EmailVerificationMessage or template.EmailMessage or "Your confirmation code is {####}", code)
end

delivery.send_code = {
  sign_in = function(pool, user, attribute, code)
    local email = attribute == "email" and pool.settings.EmailMfaConfiguration or {}
    local text = attribute == "phone_number" and pool.settings.SmsAuthenticationMessage or email.Message
    return send(user, attribute, email.Subject or "Your authentication code",
      text or "Your authentication code is {####}", code)
  end,
  sign_up = verification,
  verify = verification,
  forgot = function(_, user, attribute, code)
    return send(user, attribute, "Your verification code", "Your password reset code is {####}", code)
  end,
}

function delivery.send_invitation(pool, user, attribute, password)
  local template = (pool.settings.AdminCreateUserConfig or {}).InviteMessageTemplate or {}
  return send(user, attribute, template.EmailSubject or "Your temporary password",
    template.EmailMessage or "Your username is {username} and temporary password is {####}", password)
end

return delivery
