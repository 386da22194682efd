-- SPDX-License-Identifier: MIT
-- GET /signup: the page on which a person signs up, and the files that it loads. For who has no console of their own.
local config, crypto, fail = require "config", require "crypto", require "fail"
local files, page_settings, policy = require "lib.web.files", require "lib.web.page_settings", require "lib.web.policy"

local SETTINGS <const> = "settings.json"

local settings = page_settings.json()
files.add(SETTINGS, settings, crypto.hex(crypto.sha256(settings)))


-- Relative, because a stage prefix may stand before it.
local function to_page(query)
  local location = query ~= "" and "signup?" .. query or "signup"
  return { status = 302, headers = { Location = location, ["Cache-Control"] = "no-store" }, body = "" }
end


return function(req)
  -- 1. Only where the settings let it work.
  if not config.page.enabled then fail(404, "not_found") end
  local missing = page_settings.missing()
  if missing then
    fail(404, "not_found", nil, { message = ("The sign-up page needs the setting %s."):format(missing) })
  end

  -- 2. The way back from Google leads to / and brings what went wrong.
  if req.path == "/" then return to_page(req.query_string) end

  -- 3. The page and its files, by their names.
  local name = req.path == "/signup" and "signup.html" or req.path:sub(#"/signup/" + 1)
  return files.reply(req, name, policy) or fail(404, "not_found")
end
