-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: who asks: the settings' test keys, by Bearer or as the user of Basic, and what they may
-- do. A page has a publishable key, any pk_test_…, which it may also send as the parameter `key`.
local crypto, errors = require "crypto", require "sandbox.stripe.errors"
local settings, switches = require "sandbox.settings", require "sandbox.stripe.switches"

local auth = {}

local function refuse(message, code)
  errors.invalid(message, nil, code, {
    status = 401, early = true, headers = { ["WWW-Authenticate"] = 'Bearer realm="Stripe"' },
  })
end

local function key_of(header)
  local scheme, rest = (header or ""):match("^(%S+)%s+(%S+)%s*$")
  scheme = scheme and scheme:lower()
  if scheme == "bearer" then
    return rest
  elseif scheme == "basic" then
    local pair = crypto.unbase64(rest)
    return pair and pair:match("^[^:]+")
  end
end

-- sk_test_***…1234: the kind of key and its last four characters.
local function masked(key)
  if #key <= 12 then
    return ("*"):rep(#key)
  end
  return key:sub(1, 8) .. ("*"):rep(#key - 12) .. key:sub(-4)
end

local function is_known(key)
  for _, known in ipairs { settings.stripe_key, table.unpack(settings.stripe_keys or {}) } do
    if crypto.equal(key, known) then
      return true
    end
  end
  return false
end

-- given: the parameter `key`. -> is it a page that asks?
function auth.check(req, route, given)
  local key = key_of(req:header "authorization") or type(given) == "string" and given:find("^pk_") and given
  if not key then
    refuse("You did not provide an API key. You need to provide your API key in the Authorization header, "
      .. "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
      .. "https://stripe.com/docs/api#authentication for details, or we can help at "
      .. "https://support.stripe.com/.")
  elseif route.public and key:find("^pk_test_%w") then
    return true
  elseif key:find("^pk_") then
    refuse("This API call cannot be made with a publishable API key. Please use a secret API key. You can "
      .. "find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
      "secret_key_required")
  elseif not is_known(key) then
    refuse("Invalid API Key provided: " .. masked(key))
  end
  return false
end

-- A restricted key without the permission for this operation.
function auth.permit(operation)
  if switches.restricted[operation] then
    errors.invalid(("The provided key does not have the required permissions for this endpoint (%s). Having "
      .. "the permission would allow this request to continue."):format(operation), nil, nil,
      { status = 403, early = true })
  end
end

return auth
