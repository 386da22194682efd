-- SPDX-License-Identifier: MIT
-- Who asks, by the token in the Authorization header; and what the user pool knows of them.
local cognito = require "cognito"
local form, hosted_ui, trouble = require "lib.form", require "lib.sso.hosted_ui", require "lib.trouble"

local bearer = {}


local function refuse(signup, reason)
  trouble.refuse(signup, "token", 401, "invalid_token", nil, {
    headers = { ["WWW-Authenticate"] = "Bearer" .. (reason and ' error="' .. reason .. '"' or "") } })
end


-- -> {sub=, username=}
function bearer.check(signup, req)
  signup.at = "token"
  local scheme, token = (req:header("authorization") or ""):match("^(%a+) +([%w%-_.]+)$")
  if not token or scheme:lower() ~= "bearer" then refuse(signup) end -- RFC 9110 §11.1: in any case
  local claims, problem = hosted_ui.verify_bearer(token)
  if problem == "keys_unavailable" then trouble.stop(signup, "token", { code = problem }) end
  if not claims then refuse(signup, "invalid_token") end
  local username = claims["cognito:username"] or claims.username
  if type(username) ~= "string" or username == "" then refuse(signup, "invalid_token") end
  return { sub = claims.sub, username = username }
end


-- For an account that has to be made: an access token says neither name nor address.
function bearer.person(signup, claims)
  local user, err = cognito.admin_get_user(claims.username)
  if not user and err.code ~= "UserNotFoundException" then trouble.stop(signup, "cognito", err) end
  if not user or not user.enabled or user.sub ~= claims.sub or user.status == "UNCONFIRMED" then
    refuse(signup, "invalid_token")
  end
  if user.attributes.email_verified ~= "true" then trouble.refuse(signup, "token", 403, "email_not_verified") end
  local clean = form.person(user.attributes)
  if not clean.email then trouble.refuse(signup, "token", 403, "email_not_verified") end
  return { sub = user.sub, username = user.username, email = clean.email, name = clean.name or "",
    method = user.username == user.sub and "email" or nil }
end


return bearer
