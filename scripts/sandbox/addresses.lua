-- SPDX-License-Identifier: MIT
-- Where the sandbox's parts are, for answers that name an address: the listeners of `usher dev`, or the vendors' own
-- names when nothing listens (a spec).
local config = require "config"
local settings = require "sandbox.settings"

local addresses = {}

-- The base URL of a listener, or of usher itself | nil
function addresses.here(name)
  return (config.sandbox.urls or {})[name]
end

-- The user pools' domain, where the hosted UI is.
function addresses.domain()
  return addresses.here "cognito" or ("https://usher-dev.auth.%s.amazoncognito.com"):format(settings.region)
end

-- Where providers send people back to.
function addresses.idpresponse()
  return addresses.domain() .. "/oauth2/idpresponse"
end

return addresses
