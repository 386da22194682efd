-- SPDX-License-Identifier: MIT
-- Where the sandbox's mail arrives instead of leaving: services call deliver{to, subject, text, code},
-- people open GET / in a browser, tests read GET /mailbox?to=EMAIL (newest first) and empty it with
-- DELETE /mailbox.
local db = require "sandbox.store"
local json = require "json"
local members = require "sandbox.members"
local time = require "sandbox.time"
local web = require "sandbox.web"

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

local FORM = [[
<form method="get" action="/" class="row">
<div><label for="to">Whose mail?</label>
<input id="to" name="to" type="email" value="%s" placeholder="Everybody’s" autocomplete="off"></div>
<button>Show</button>
</form>
]]

local ARTICLE = [[
<article>
<div class="row"><h2>%s</h2><time class="soft" datetime="%s">%s</time></div>
<p class="soft">To <strong>%s</strong>, from %s</p>
%s<pre>%s</pre>
</article>
]]

local function article(mail)
  local escape = web.escape
  local code = mail.code and ("<p><code>%s</code></p>\n"):format(escape(mail.code)) or ""
  return ARTICLE:format(escape(mail.subject), mail.date, mail.date:sub(12, 19) .. " UTC", escape(mail.to),
    escape(mail.from), code, escape(mail.text))
end

local function html(to)
  local mails, parts = mailbox.list(to), { FORM:format(web.escape(to or "")) }
  for i, mail in ipairs(mails) do parts[i + 1] = article(mail) end
  if #mails == 0 then
    parts[2] = '<p>No mail yet. <a href="">Look again</a> after the next sign-up: no mail leaves this machine.</p>'
  end
  return web.page(200, to and "Mail for " .. to or "Mailbox of the sandbox", table.concat(parts), nil, "wide")
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
  if route then return members.refuse_query(req, { to = true }) or route(to) end
  return { status = 404, json = { message = "GET /, GET /mailbox?to=EMAIL or DELETE /mailbox" } }
end

return mailbox
