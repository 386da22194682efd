-- SPDX-License-Identifier: MIT
-- Sandbox, Google: /o/oauth2/v2/auth. A plain page on which a developer says who they are, or no page at all when
-- the switch or the query has said so.
local clients = require "sandbox.google.clients"
local identity = require "sandbox.google.identity"
local tokens = require "sandbox.google.tokens"
local web = require "sandbox.web"

local consent = {}

local FORM = [[
<p>This is the sandbox's Google. Nothing leaves this machine: choose who you are for <strong>%s</strong>.</p>
<form method="post" action="%s">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" value="%s" autocomplete="email" required>
<label for="name">Name</label>
<input id="name" name="name" value="%s" autocomplete="name">
<label for="sub">Google's id of this person (sub)</label>
<input id="sub" name="sub" value="%s" pattern="[0-9]{1,255}" inputmode="numeric" required>
<label class="check">
<input name="email_verified" type="checkbox" value="true"%s>Google has verified this address</label>
<button class="first" name="consent" value="allow">Continue</button>
<button name="consent" value="deny" formnovalidate>Cancel</button>
</form>]]

local function page(req, params)
  local person = identity.current()
  local hint = params.login_hint or ""
  return web.page(200, "Sign in with Google", FORM:format(web.escape(params.client_id), web.escape(req.target),
    web.escape(hint:find("@", 1, true) and hint or person.email), web.escape(person.name), web.escape(person.sub),
    person.email_verified and " checked" or ""))
end

-- -> a page that refuses | nil. Nobody is sent to an address that is not the client's.
local function refusal(params)
  if not params.client_id then return web.problem(400, "Error 400: invalid_request", "Missing client_id.") end
  if not clients.is_known(params.client_id) then
    return web.problem(401, "Error 401: invalid_client", "The OAuth client was not found.")
  end
  if not params.redirect_uri or not clients.may_return(params.redirect_uri) then
    return web.problem(400, "Error 400: redirect_uri_mismatch",
      "The redirect_uri in the request does not match one of the client's.")
  end
  if not params.response_type or not params.scope then
    return web.problem(400, "Error 400: invalid_request",
      "Required parameter is missing: " .. (params.response_type and "scope" or "response_type"))
  end
  if params.response_type ~= "code" then
    return web.problem(400, "Error 400: unsupported_response_type", "The sandbox knows the code grant only.")
  end
end

local function back(params, entries)
  table.insert(entries, 1, { "state", params.state })
  return web.redirect(web.with(params.redirect_uri, entries))
end

local function admit(params, person, prompt)
  local method = params.code_challenge and (params.code_challenge_method or "plain")
  local code = tokens.new_code {
    identity = { sub = person.sub, email = person.email, name = person.name, email_verified = person.email_verified },
    client_id = params.client_id, redirect_uri = params.redirect_uri, scope = params.scope, nonce = params.nonce,
    challenge = params.code_challenge, method = method, offline = params.access_type == "offline" or nil,
  }
  local scope = tokens.scopes(params.scope)
  return back(params, { { "code", code }, { "scope", scope }, { "authuser", "0" }, { "prompt", prompt } })
end

local function deny(params)
  return back(params, { { "error", "access_denied" } })
end

-- GET: by the query (consent=auto|deny&sub=…), by the switch, or by asking.
function consent.ask(req)
  local params = req.query
  local refused = refusal(params)
  if refused then return refused end
  if params.consent == "auto" then return admit(params, identity.from_form(params), "none") end
  local person = identity.current()
  if params.consent == "deny" or person.auto and person.deny then return deny(params) end
  if person.auto then return admit(params, person, "none") end
  if params.prompt == "none" then return back(params, { { "error", "interaction_required" } }) end
  return page(req, params)
end

-- POST: the form of the page.
function consent.answer(req)
  local params, fields = req.query, web.form(req)
  local refused = refusal(params)
  if refused then return refused end
  if fields.consent ~= "allow" then return deny(params) end
  return admit(params, identity.from_form(fields), "consent")
end

return consent
