-- SPDX-License-Identifier: MIT
-- What a vendor's refusal means for the form: our own codes and words, never theirs.
local refusal = {}

-- A piece of Cognito's text -> what to tell. The first that is found counts.
local PASSWORD <const> = {
  { "not long enough", "password_too_short", "The password is too short." },
  { "uppercase", "password_needs_uppercase", "It needs a capital letter." },
  { "lowercase", "password_needs_lowercase", "It needs a small letter." },
  { "numeric", "password_needs_number", "It needs a digit." },
  { "symbol", "password_needs_symbol", "It needs a symbol." },
}


local function field(name, code, message)
  return { { field = name, code = code, message = message } }
end


-- The address, which a vendor does not take.
function refusal.of_email()
  return field("email", "email_not_accepted", "This e-mail address cannot be used.")
end


local function of_password(message)
  for _, entry in ipairs(PASSWORD) do
    if message:find(entry[1], 1, true) then return field("password", entry[2], entry[3]) end
  end
  return field("password", "password_not_accepted", "Please choose another password.")
end


-- What Lambda says of a trigger that failed, and our own (trigger_words.unavailable) when it could not judge.
local FAILURES <const> = { "task timed out", "runtime exited", "please try again" }

-- Does the text say that a trigger has failed, and not that it refused?
function refusal.is_failure(text)
  text = text:lower()
  for _, words in ipairs(FAILURES) do
    if text:find(words, 1, true) then return true end
  end
  return false
end


-- Cognito's refusal of a SignUp -> list of wrong fields | nil: it is not the visitor's fault
function refusal.of_sign_up(err)
  local message = (err.message or ""):lower()
  if err.code == "InvalidPasswordException" then return of_password(message) end
  if err.code == "InvalidParameterException" then
    if message:find("password", 1, true) then return of_password(message) end
    return refusal.of_email()
  end
  if err.code == "UserLambdaValidationException" and not refusal.is_failure(message) then
    return refusal.of_email()
  end
  return nil
end


return refusal
