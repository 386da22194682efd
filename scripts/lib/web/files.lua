-- SPDX-License-Identifier: MIT
-- The files below scripts/web/, ready to be sent. A request finds them by name in a table that was made when the
-- scripts were loaded: there is no path to leave a folder by, and a reload brings new ones with everything else.
local web_files = require "web_files"

local files = {}

local TYPES <const> = {
  html = "text/html; charset=utf-8", css = "text/css; charset=utf-8", js = "text/javascript; charset=utf-8",
  json = "application/json", svg = "image/svg+xml", png = "image/png", woff2 = "font/woff2",
}

local kept = {}


-- hash: what changes when the text does. A file of a type that is not above is not served.
function files.add(name, text, hash)
  local kind = TYPES[name:match("%.(%w+)$") or ""]
  if kind then kept[name] = { text = text, type = kind, etag = '"' .. hash:sub(1, 32) .. '"' } end
end

for name, file in pairs(web_files.all()) do files.add(name, file.text, file.hash) end


-- RFC 9110 §13.1.2: a weak comparison; * is any.
local function has_it(req, etag)
  local given = req:header("if-none-match")
  if not given then return false end
  if given:match("^%s*%*%s*$") then return true end
  for one in given:gmatch('"[^"]*"') do
    if one == etag then return true end
  end
  return false
end


-- headers: more of the reply. -> reply | nil: there is no such file
function files.reply(req, name, headers)
  local file = kept[name]
  if not file then return nil end
  local all = { ["Content-Type"] = file.type, ETag = file.etag, ["Cache-Control"] = "no-cache" }
  for key, value in pairs(headers) do all[key] = value end
  if has_it(req, file.etag) then
    all["Content-Type"] = nil
    return { status = 304, headers = all, body = "" }
  end
  return { status = 200, headers = all, body = file.text }
end


return files
