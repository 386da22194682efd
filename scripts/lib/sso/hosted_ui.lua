-- SPDX-License-Identifier: MIT
-- The user pool's hosted UI as its client sees it: where to send people, what to do with what they bring back, and
-- which tokens of the pool are for us.
local clock, config, form = require "clock", require "config", require "form"
local http, json, log = require "http", require "json", require "log"
local metrics, oidc, secret = require "metrics", require "oidc", require "secret"
local trouble = require "lib.trouble"

local hosted_ui = {}

local MOST_BYTES <const> = 64 * 1024


local function base()
  return (config.sso.domain_url:gsub("/+$", ""))
end


local function client_id()
  return config.sso.client_id ~= "" and config.sso.client_id or config.cognito.client_id
end


local function client_secret()
  return config.sso.client_secret or client_id() == config.cognito.client_id and config.cognito.client_secret or nil
end


local function query(entries)
  local parts = {}
  for i, entry in ipairs(entries) do parts[i] = entry[1] .. "=" .. form.escape(entry[2]) end
  return table.concat(parts, "&")
end


-- visit: of state.begin. -> URL
function hosted_ui.authorize_url(visit, callback)
  return base() .. "/oauth2/authorize?" .. query {
    { "identity_provider", config.sso.provider }, { "response_type", "code" }, { "client_id", client_id() },
    { "redirect_uri", callback }, { "scope", table.concat(config.sso.scopes, " ") }, { "state", visit.state },
    { "nonce", visit.nonce }, { "code_challenge", visit.challenge }, { "code_challenge_method", "S256" },
  }
end


local function exchange(visit, code)
  local body = { query { { "grant_type", "authorization_code" }, { "client_id", client_id() }, { "code", code },
    { "redirect_uri", visit.callback }, { "code_verifier", visit.verifier } } }
  local key = client_secret()
  if key then body[2], body[3] = "&client_secret=", secret.escaped(key) end
  return http.fetch {
    method = "POST", url = base() .. "/oauth2/token", body = body, timeout = config.sso.timeout,
    headers = { ["content-type"] = "application/x-www-form-urlencoded", accept = "application/json" },
    max_response = MOST_BYTES,
  }
end


local function tell_time(started, response, err)
  metrics.observe("usher_upstream_seconds", clock.monotonic() - started, {
    service = "hosted_ui", operation = "token", status = response and tostring(response.status) or err.kind,
  })
end


-- A code is good once: there is no second try. What the service refuses is the visit's fault (an old code, a code of
-- somebody else's); what it cannot do, or says about our client, is not. -> {id_token=, access_token=}
function hosted_ui.redeem(signup, visit, code)
  local started = clock.monotonic()
  local response, err = exchange(visit, code)
  tell_time(started, response, err)
  if not response then trouble.stop(signup, "token", err) end
  local body = json.decode(response.body)
  body = type(body) == "table" and body or {}
  if response.status == 400 and body.error == "invalid_grant" then
    trouble.refuse(signup, "token", 400, "sso_failed")
  end
  if response.status ~= 200 or type(body.id_token) ~= "string" or type(body.access_token) ~= "string" then
    trouble.stop(signup, "token", { code = type(body.error) == "string" and body.error or nil,
      status = response.status })
  end
  return body
end


local function expected(use, audience)
  local sso, pool = config.sso, config.cognito.user_pool_id
  local issuer = sso.issuer
  if issuer == "" then
    issuer = ("https://cognito-idp.%s.amazonaws.com/%s"):format(pool:match("^[^_]*"), pool)
  end
  return {
    issuer = issuer, audience = audience, use = use, skew = sso.clock_skew,
    jwks_url = sso.jwks_url ~= "" and sso.jwks_url or issuer .. "/.well-known/jwks.json",
    jwks = { max_age = sso.jwks_max_age, cool_down = sso.jwks_cool_down, stale = sso.jwks_stale,
      timeout = sso.timeout },
  }
end


-- The id token of this visit, proven. -> claims
function hosted_ui.identify(signup, visit, tokens)
  local wanted = expected("id", { client_id() })
  wanted.nonce, wanted.access_token = visit.nonce, tokens.access_token
  local claims, problem = oidc.verify(tokens.id_token, wanted)
  if claims then return claims end
  if problem == "keys_unavailable" then trouble.stop(signup, "token", { code = problem }) end
  log.error("sso_token_refused", { error_code = problem })
  trouble.refuse(signup, "token", 502, "sso_failed")
end


-- A bearer's token: the id or access token of one of our clients. -> claims | nil, what is wrong with it
function hosted_ui.verify_bearer(token)
  local audience = { client_id(), config.cognito.client_id }
  for _, id in ipairs(config.sso.audience) do audience[#audience + 1] = id end
  if config.page.client_id ~= "" then audience[#audience + 1] = config.page.client_id end
  local claims, problem = oidc.verify(token, expected("id", audience))
  if problem == "wrong_use" then claims, problem = oidc.verify(token, expected("access", audience)) end
  return claims, problem
end


return hosted_ui
