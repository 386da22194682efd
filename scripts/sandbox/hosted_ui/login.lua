-- SPDX-License-Identifier: MIT
-- /login: the page of the hosted UI on which people type a password or choose a provider. Its form is taken only from
-- the browser that was given the page: the field _csrf must be the cookie XSRF-TOKEN.
local admit = require "sandbox.hosted_ui.admit"
local crypto = require "crypto"
local factors = require "sandbox.cognito.factors"
local failure = require "sandbox.failure"
local passwords = require "sandbox.cognito.passwords"
local requests = require "sandbox.hosted_ui.requests"
local users = require "sandbox.cognito.users"
local web = require "sandbox.web"

local login = {}

local COOKIE <const> = "XSRF-TOKEN" -- not Secure, as the service's is: the sandbox speaks plain HTTP on loopback

local FORM = [[
<form method="post" action="/login?%s">
<input type="hidden" name="_csrf" value="%s">
<label for="username">E-mail or username</label>
<input id="username" name="username" value="%s" autocomplete="username" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button class="first">Sign in</button>
</form>]]
local LINK = '<p><a class="button" href="/oauth2/authorize?%s">Continue with %s</a></p>\n'
local PROBLEM = '<p class="problem" role="alert">%s</p>\n'

local function provider_links(request)
  local parts = {}
  for _, name in ipairs(request.client.settings.SupportedIdentityProviders or {}) do
    if name ~= "COGNITO" then
      local query = requests.query(request.params, "identity_provider") .. "&"
        .. web.query { { "identity_provider", name } }
      parts[#parts + 1] = LINK:format(web.escape(query), web.escape(name))
    end
  end
  return table.concat(parts)
end

-- The browser's own token | nil
local function token_of(req)
  local token = req:cookie(COOKIE)
  return token and token:find("^[%x-]+$") and #token == 36 and token or nil
end

local function page(req, request, username, problem)
  local token, form = token_of(req) or crypto.uuid(), ""
  if requests.offers(request, "COGNITO") then
    form = FORM:format(web.escape(requests.query(request.params)), token, web.escape(username or ""))
  end
  return web.page(200, "Sign in", (problem and PROBLEM:format(web.escape(problem)) or "") .. provider_links(request)
    .. form, { ["Set-Cookie"] = COOKIE .. "=" .. token .. "; Path=/; HttpOnly; SameSite=Lax" })
end

function login.show(req)
  local request, refused = requests.read(req.query)
  return refused or page(req, request)
end

local NOT_HERE = {
  FORCE_CHANGE_PASSWORD = "A new password is needed, and this page cannot take one.",
  RESET_REQUIRED = "Password reset required for the user",
  UNCONFIRMED = "User is not confirmed.",
}

-- -> user; raises what the pool says
local function sign_in(request, fields)
  local user = users.find(request.pool, fields.username or "")
  if not user then failure("NotAuthorizedException", "Incorrect username or password.") end
  if not user.enabled then failure("NotAuthorizedException", "User is disabled.") end
  passwords.verify(user, fields.password or "")
  local problem = NOT_HERE[user.status]
  if problem then failure("NotAuthorizedException", problem) end
  if factors.needed(request.pool, user) then
    failure("NotAuthorizedException", "A second factor is needed, and this page cannot take one.")
  end
  return user
end

function login.answer(req)
  local request, refused = requests.read(req.query)
  if refused then return refused end
  if not requests.offers(request, "COGNITO") then return requests.problem "Login option is not available." end
  local fields, token = web.form(req), token_of(req)
  if not token or not fields._csrf or not crypto.equal(token, fields._csrf) then
    return web.problem(403, "An error was encountered with the requested page.", "Invalid CSRF token.")
  end
  local ok, user = pcall(sign_in, request, fields)
  if ok then return admit.enter(request, user) end
  if not failure.is(user) then error(user, 0) end
  return page(req, request, fields.username, user.message)
end

return login
