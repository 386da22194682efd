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

-- One look for all pages of the sandbox, light or dark as the system says.
local STYLE <const> = [[
:root { color-scheme: light dark; --text: #1c2430; --soft: #55606e; --back: #eef1f5; --card: #fff; --line: #7d8896;
  --link: #14518f; --first: #14518f; --on-first: #fff; --plain: #e6ebf1; --ring: #b45f00; --bad: #a4001d; }
@media (prefers-color-scheme: dark) { :root { --text: #e8ecf1; --soft: #a9b4c0; --back: #10151b; --card: #1a212a;
  --line: #77828f; --link: #8ec1ff; --first: #8ec1ff; --on-first: #0b1a2b; --plain: #2a343f; --ring: #ffb454;
  --bad: #ff9aa5; } }
* { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
body { margin: 0; padding: 2rem 1rem; }
main { max-width: 28rem; margin: 0 auto; padding: 1.5rem; background: var(--card); border-radius: .75rem;
  overflow-wrap: anywhere; }
main.wide { max-width: 44rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; }
a { color: var(--link); }
label { display: block; margin-top: .9rem; font-weight: 600; }
input { font: inherit; color: inherit; background: var(--card); width: 100%; min-height: 2.75rem; padding: .4rem .7rem;
  border: 1px solid var(--line); border-radius: .4rem; }
label.check { font-weight: 400; }
input[type=checkbox] { width: 1.25rem; min-height: 0; height: 1.25rem; margin: 0 .5rem 0 0; vertical-align: -.25rem; }
button, a.button { font: inherit; font-weight: 600; display: inline-block; min-height: 2.75rem; padding: .5rem 1.1rem;
  border: 1px solid var(--line); border-radius: .4rem; background: var(--plain); color: var(--text);
  text-decoration: none; cursor: pointer; }
form > button { margin: 1.2rem .5rem 0 0; }
button.first { background: var(--first); border-color: var(--first); color: var(--on-first); }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 2px; }
.problem { border-left: .35rem solid var(--bad); padding-left: .8rem; }
.soft { color: var(--soft); }
.row { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: end; justify-content: space-between; }
.row > div { flex: 1 1 14rem; } .row label { margin: 0; }
article { border-top: 1px solid var(--line); margin-top: 1.25rem; padding-top: 1rem; }
article h2 { font-size: 1.1rem; margin: 0; } article p { margin: .25rem 0; }
article code { font: 700 1.7rem/1.4 ui-monospace, monospace; letter-spacing: .2em; }
pre { white-space: pre-wrap; font: inherit; margin: .5rem 0 0; }
@media (max-width: 26rem) { body { padding: 0; } main { border-radius: 0; min-height: 100vh; } }
]]

local PAGE = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
%s
</style>
</head>
<body>
<main class="%s">
<h1>%s</h1>
%s
</main>
</body>
</html>
]]

-- A page; body is HTML; width: "wide" or nil. Where a form leads is not limited: the answer to it is a redirect to a
-- client.
function web.page(status, title, body, headers, width)
  local all = {
    ["Content-Type"] = "text/html; charset=utf-8",
    ["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ["Cache-Control"] = "no-store",
  }
  for name, value in pairs(headers or {}) do all[name] = value end
  title = web.escape(title)
  return { status = status, headers = all, body = PAGE:format(title, STYLE, width or "", title, body) }
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
