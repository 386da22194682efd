-- SPDX-License-Identifier: MIT
-- What the sandbox's services for browsers share (Google, Cognito's hosted UI): pages, redirects, forms, client
-- credentials, PKCE. The pages need no script, no image and no other host.
local crypto = require "crypto"
local form = require "form"

local web = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

function web.escape(text)
  return (tostring(text):gsub("[&<>\"']", ENTITIES))
end

local PAGE = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem;
  color: #1b1b1b; background: #fff; }
h1 { font-size: 1.4rem; } label { display: block; margin-top: .8rem; }
input { font: inherit; width: 100%%; box-sizing: border-box; padding: .4rem; }
input[type=checkbox] { width: auto; margin-right: .5rem; }
button, a.button { font: inherit; display: inline-block; margin: 1rem .5rem 0 0; padding: .5rem 1rem;
  border: 1px solid #565656; border-radius: .3rem; background: #f2f2f2; color: #1b1b1b; text-decoration: none; }
button.first { background: #14518f; border-color: #14518f; color: #fff; }
:focus-visible { outline: 3px solid #b45f00; outline-offset: 2px; }
.problem { border-left: .3rem solid #a4001d; padding-left: .7rem; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; }
  button, a.button { background: #333; color: #eee; } input { background: #222; color: #eee; } }
</style>
</head>
<body>
<main>
<h1>%s</h1>
%s
</main>
</body>
</html>
]]

-- A page; body is HTML. Where a form leads is not limited: the answer to it is a redirect to a client.
function web.page(status, title, body, headers)
  local all = {
    ["Content-Type"] = "text/html; charset=utf-8",
    ["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ["Cache-Control"] = "no-store",
  }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status = status, headers = all, body = PAGE:format(web.escape(title), web.escape(title), body) }
end

function web.problem(status, title, text)
  return web.page(status, title, ('<p class="problem" role="alert">%s</p>'):format(web.escape(text)))
end

local function encode(text)
  return (form.escape(tostring(text)):gsub("%%20", "+"))
end

-- {{name, value}, …} -> a query; a nil value leaves its name out
function web.query(pairs_in_order)
  local parts = {}
  for _, entry in ipairs(pairs_in_order) do
    if entry[2] ~= nil then parts[#parts + 1] = encode(entry[1]) .. "=" .. encode(entry[2]) end
  end
  return table.concat(parts, "&")
end

-- url with more parameters behind those it has; mark "#" puts them into the fragment
function web.with(url, entries, mark)
  mark = mark or url:find("?", 1, true) and "&" or "?"
  return url .. mark .. web.query(entries)
end

function web.redirect(url, headers)
  local all = { Location = url, ["Cache-Control"] = "no-store" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return { status = 302, headers = all, body = "" }
end

-- A URL-encoded body -> table name -> text; {} for another media type. The first of each name counts.
function web.form(req)
  local media = (req:header("content-type") or ""):lower():match("^%s*([^;%s]+)")
  local fields = {}
  if media ~= "application/x-www-form-urlencoded" then return fields, false end
  for pair in req.body:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name = form.unescape(name)
    if fields[name] == nil then fields[name] = form.unescape(value) end
  end
  return fields, true
end

-- Who a client says it is: HTTP Basic (RFC 6749 §2.3.1) or the body. -> id | nil, secret | nil
function web.client_credentials(req, fields)
  local basic = (req:header("authorization") or ""):match("^[Bb]asic%s+(.+)$")
  local id, secret = (basic and crypto.unbase64(basic) or ""):match("^([^:]*):(.*)$")
  if id then return form.unescape(id), form.unescape(secret) end
  return fields.client_id, fields.client_secret
end

function web.bearer(req)
  return (req:header("authorization") or ""):match("^[Bb]earer%s+(%S+)$")
end

-- RFC 7636. No challenge fits no verifier only.
function web.pkce_fits(challenge, method, verifier)
  if not challenge then return verifier == nil end
  if not verifier or #verifier < 43 or #verifier > 128 or verifier:find("[^%w%-%._~]") then return false end
  if method == "plain" then return crypto.equal(challenge, verifier) end
  return crypto.equal(challenge, crypto.base64url(crypto.sha256(verifier)))
end

-- OpenID Connect Core §3.1.3.6
function web.at_hash(access_token)
  return crypto.base64url(crypto.sha256(access_token):sub(1, 16))
end

return web
