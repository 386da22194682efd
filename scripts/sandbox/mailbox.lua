-- SPDX-License-Identifier: MIT
-- Where the sandbox's mail arrives instead of leaving: services call deliver{to, subject, text, code},
-- people open GET / in a browser, tests read GET /mailbox?to=EMAIL (newest first) and empty it with
-- DELETE /mailbox.
local db = require "sandbox.store"
local json = require "json"
local time = require "sandbox.time"

local mailbox = {}

local NEWEST = 200

db:exec [[
  CREATE TABLE IF NOT EXISTS mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    code TEXT,
    sent_at REAL NOT NULL
  );
  CREATE INDEX IF NOT EXISTS mailbox_by_recipient ON mailbox (recipient COLLATE NOCASE, id);
]]

function mailbox.deliver(mail)
  db:run("INSERT INTO mailbox (recipient, sender, subject, text, code, sent_at) VALUES (?, ?, ?, ?, ?, ?)",
    mail.to, mail.from or "no-reply@verificationemail.com", mail.subject, mail.text, mail.code, time.now())
end

-- Newest first; everybody's without `to`.
function mailbox.list(to)
  local sql = "SELECT * FROM mailbox %s ORDER BY id DESC LIMIT " .. NEWEST
  local rows = to and db:rows(sql:format("WHERE recipient = ? COLLATE NOCASE"), to) or db:rows(sql:format(""))
  local mails = json.array {}
  for i, row in ipairs(rows) do
    mails[i] = {
      to = row.recipient, from = row.sender, subject = row.subject, text = row.text, code = row.code,
      date = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(row.sent_at)),
    }
  end
  return mails
end

function mailbox.clear(to)
  if to then return db:run("DELETE FROM mailbox WHERE recipient = ? COLLATE NOCASE", to) end
  return db:run("DELETE FROM mailbox")
end

local PAGE = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem;
  color: #1b1b1b; background: #fff; }
article { border: 1px solid #767676; border-radius: .4rem; padding: .5rem 1rem; margin: 1rem 0; }
h2 { font-size: 1.1rem; margin: .2rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }
dt { color: #4a4a4a; } dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; font: inherit; margin: .5rem 0; }
code { font-size: 1.4rem; letter-spacing: .1em; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; } dt { color: #bbb; } }
</style>
</head>
<body>
<main>
<h1>%s</h1>
<form method="get" action="/"><label for="to">Recipient</label>
<input id="to" name="to" type="email" value="%s"> <button>Show</button></form>
%s
</main>
</body>
</html>
]]

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(text)
  return (text:gsub("[&<>\"']", ENTITIES))
end

local function article(mail)
  local code = mail.code and ("<dt>Code</dt><dd><code>%s</code></dd>"):format(escape(mail.code)) or ""
  return ("<article>\n<h2>%s</h2>\n<dl><dt>To</dt><dd>%s</dd><dt>From</dt><dd>%s</dd><dt>Date</dt><dd>"
    .. "<time>%s</time></dd>%s</dl>\n<pre>%s</pre>\n</article>"):format(escape(mail.subject), escape(mail.to),
    escape(mail.from), mail.date, code, escape(mail.text))
end

local function page(to)
  local mails, articles = mailbox.list(to), {}
  for i, mail in ipairs(mails) do articles[i] = article(mail) end
  if #mails == 0 then articles[1] = "<p>No mail yet. Reload this page after the next sign-up.</p>" end
  local title = to and ("Mail for " .. escape(to)) or "Sandbox mailbox"
  return PAGE:format(title, title, to and escape(to) or "", table.concat(articles, "\n"))
end

local function html(to)
  return {
    status = 200,
    headers = {
      ["Content-Type"] = "text/html; charset=utf-8",
      ["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
      ["Cache-Control"] = "no-store",
    },
    body = page(to),
  }
end

local routes = {
  ["GET /"] = html,
  ["GET /mailbox"] = function(to) return { status = 200, json = mailbox.list(to) } end,
  ["DELETE /mailbox"] = function(to)
    mailbox.clear(to)
    return { status = 204, body = "" }
  end,
}

function mailbox.handler(req)
  local to = req.query and req.query.to
  if to == "" then to = nil end
  if to then to = to:gsub(" ", "+") end -- a plus sign that nobody escaped
  local route = routes[req.method .. " " .. req.path]
  if route then return route(to) end
  return { status = 404, json = { message = "GET /, GET /mailbox?to=EMAIL or DELETE /mailbox" } }
end

return mailbox
