-- SPDX-License-Identifier: MIT
-- Sandbox, Google: the one OAuth client, that of the sandbox's user pools, and where it may send people back to:
-- the pools' /oauth2/idpresponse, and anything on this machine, as Google allows for development.
local crypto = require "crypto"
local addresses = require "sandbox.addresses"
local settings = require "sandbox.settings"

local clients = {}

function clients.is_known(id)
  return id == settings.google_client_id
end

function clients.proves(id, secret)
  return clients.is_known(id) and secret ~= nil and crypto.equal(secret, settings.google_client_secret)
end

local function is_loopback(url)
  local host = url:match("^http://([^/?#\\]+)")
  host = host and host:gsub(":%d+$", "")
  return host == "localhost" or host == "127.0.0.1" or host == "[::1]"
end

function clients.may_return(url)
  return url == addresses.idpresponse() or is_loopback(url)
end

return clients
