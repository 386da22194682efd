-- SPDX-License-Identifier: MIT
-- Where a browser that signs in with Google is sent: afterwards, and on the way back.
local config, return_to, text = require "config", require "lib.sso.return_to", require "lib.validate.text"

local places = {}


-- A path of the console's, "/" without one.
function places.path(value)
  local path = return_to.read(value)
  if not path then return text.wrong("not_a_path", "A path of this site.") end
  return path
end


-- The address to come back to: the settings' first, or that one of the settings' which is asked for. Headers do not
-- count.
function places.callback(value)
  local allowed = config.sso.callback_urls
  if value == "" then return allowed[1] end
  for _, url in ipairs(allowed) do
    if url == value then return url end
  end
  return text.wrong("not_allowed", "Not one of ours.")
end


return places
