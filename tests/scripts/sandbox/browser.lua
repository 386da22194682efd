-- SPDX-License-Identifier: MIT
-- A browser and a client of the hosted UI for specs: no sockets, so what Cognito would fetch from Google is handed to
-- the sandbox's Google directly. Loaded with dofile.
local crypto = require "crypto"
local form = require "form"
local json = require "json"
local client = dofile "tests/scripts/sandbox/client.lua"
local settings = client.settings

local browser = { client = client, callback = "https://console.example.com/api/account/sso/callback" }

local VERIFIER <const> = ("v"):rep(43)

-- A URL's query or fragment -> table
function browser.query(url)
  local values = {}
  for pair in (url:match("[?#](.*)$") or ""):gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    values[form.unescape(name)] = form.unescape(value)
  end
  return values
end

local function encode(fields)
  local parts = {}
  for name, value in pairs(fields) do parts[#parts + 1] = form.escape(name) .. "=" .. form.escape(value) end
  return table.concat(parts, "&")
end

-- One exchange. target: path?query. fields: a form, which makes it a POST.
function browser.send(listener, target, fields, headers)
  local request = client.request {
    listener = listener, method = fields and "POST" or "GET", path = target:match("^[^?]*"), target = target,
    query = browser.query(target), body = fields and encode(fields) or "",
    headers = { ["content-type"] = fields and "application/x-www-form-urlencoded" },
  }
  for name, value in pairs(headers or {}) do table.insert(request.list, { name, value }) end
  function request.cookie(_, name)
    for key, value in (request:header "cookie" or ""):gmatch("([^=;%s]+)=([^;]*)") do
      if key == name then return value end
    end
  end
  local reply = client.handle(request)
  reply.headers = reply.headers or {}
  reply.json = reply.json or (reply.body or ""):find("^{") and json.decode(reply.body) or nil
  reply.location, reply.given = reply.headers.Location, browser.query(reply.headers.Location or "")
  return reply
end

-- changes: over the parameters of a good request; false takes one away.
function browser.parameters(changes)
  local params = {
    identity_provider = "Google", response_type = "code", client_id = settings.client_id, state = "S", nonce = "N",
    redirect_uri = browser.callback, scope = "openid email profile", code_challenge_method = "S256",
    code_challenge = crypto.base64url(crypto.sha256(VERIFIER)),
  }
  for name, value in pairs(changes or {}) do params[name] = value or nil end
  return params
end

function browser.query_of(changes)
  return encode(browser.parameters(changes))
end

function browser.authorize(changes, headers)
  return browser.send("cognito", "/oauth2/authorize?" .. browser.query_of(changes), nil, headers)
end

-- The default client gets the callback of the specs.
function browser.register(more)
  local fields = {
    UserPoolId = settings.user_pool_id, ClientId = settings.client_id, CallbackURLs = json.array { browser.callback },
    LogoutURLs = json.array { "https://console.example.com/bye" }, AllowedOAuthFlowsUserPoolClient = true,
    AllowedOAuthFlows = json.array { "code", "implicit" },
    AllowedOAuthScopes = json.array { "openid", "email", "profile", "aws.cognito.signin.user.admin" },
    SupportedIdentityProviders = json.array { "COGNITO", "Google" },
    ExplicitAuthFlows = json.array { "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH" },
  }
  for name, value in pairs(more or {}) do fields[name] = value end
  client.ok("UpdateUserPoolClient", fields)
end

-- What http.fetch does while a spec runs: Google's listener answers.
function browser.fetch(request)
  local fields = browser.query("?" .. (request.body or ""))
  local reply = browser.send("google", request.url:match("^%w+://[^/]+(.*)$"), fields)
  return { status = reply.status, headers = {}, body = json.encode(reply.json) }
end

-- Google's side of a sign-in, for an answer of authorize -> Cognito's answer at /oauth2/idpresponse
function browser.at_google(reply, person)
  local target = reply.location:match("^%w+://[^/]+(.*)$")
  local there = browser.send("google", target .. "&consent=auto&" .. encode(person))
  return browser.send("cognito", there.location:match("^%w+://[^/]+(.*)$"))
end

-- person: {sub=, email=, email_verified="true", name=}
function browser.sign_in(person, changes)
  return browser.at_google(browser.authorize(changes), person)
end

-- fields: over those of a good exchange; false takes one away.
function browser.redeem(code, fields, headers)
  local all = { grant_type = "authorization_code", code = code, redirect_uri = browser.callback,
    client_id = settings.client_id, client_secret = settings.client_secret, code_verifier = VERIFIER }
  for name, value in pairs(fields or {}) do all[name] = value or nil end
  return browser.send("cognito", "/oauth2/token", all, headers)
end

local subject = 0

function browser.person(more)
  subject = subject + 1
  local person = { sub = ("1%020d"):format(subject), email = ("ada%d@gmail.com"):format(subject),
    email_verified = "true", name = "Ada Lovelace" }
  for name, value in pairs(more or {}) do person[name] = value end
  return person
end

return browser
