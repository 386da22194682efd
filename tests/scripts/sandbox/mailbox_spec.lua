-- SPDX-License-Identifier: MIT
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "client.lua")
local mailbox = require "sandbox.mailbox"

local function get(path, to)
  return client.send { listener = "mailbox", method = "GET", path = path, query = { to = to } }
end

describe("the mailbox", function()
  before_each(function()
    mailbox.clear()
    mailbox.deliver {
      to = "Jane@example.com", subject = "First", text = "Your code is 111111", code = "111111",
    }
    mailbox.deliver { to = "jane@EXAMPLE.com", subject = "Second", text = "<b>&", from = "shop@example.com" }
    mailbox.deliver { to = "joe@example.com", subject = "Third", text = "hello" }
  end)

  it("lists one person's mail, newest first, whatever the case of letters", function()
    local list = get("/mailbox", "JANE@example.com").json
    assert.equal(2, #list)
    assert.same({ "Second", "First" }, { list[1].subject, list[2].subject })
    assert.same({ "Jane@example.com", "Your code is 111111", "111111", "no-reply@verificationemail.com" },
      { list[2].to, list[2].text, list[2].code, list[2].from })
    assert.equal("shop@example.com", list[1].from)
    assert.is_nil(list[1].code)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", list[1].date)
  end)

  it("takes a plus sign that arrives as a blank", function()
    mailbox.deliver { to = "jane+1@example.com", subject = "Plus", text = "x" }
    assert.equal("Plus", get("/mailbox", "jane 1@example.com").json[1].subject)
  end)

  it("lists everybody's mail", function()
    local list = get("/mailbox").json
    assert.same({ "Third", "Second", "First" }, { list[1].subject, list[2].subject, list[3].subject })
  end)

  it("knows an empty list from an object", function()
    local json = require "json"
    assert.equal("[]", json.encode(get("/mailbox", "nobody@example.com").json))
  end)

  it("shows a page without scripts, and nothing of a mail as markup", function()
    local reply = get("/")
    assert.equal("text/html; charset=utf-8", reply.headers["Content-Type"])
    assert.matches("<code>111111</code>", reply.body, 1, true)
    assert.matches("&lt;b&gt;&amp;", reply.body, 1, true)
    assert.not_matches("<script", reply.body, 1, true)
    assert.not_matches("<b>", reply.body, 1, true)
    local filtered = get("/", 'joe@example.com').body
    assert.matches("Third", filtered, 1, true)
    assert.not_matches("First", filtered, 1, true)
    assert.not_matches('"><i>', get("/", '"><i>').body, 1, true)
  end)

  it("is emptied by DELETE", function()
    local reply = client.send { listener = "mailbox", method = "DELETE", path = "/mailbox",
      query = { to = "joe@example.com" } }
    assert.equal(204, reply.status)
    assert.equal(2, #get("/mailbox").json)
    client.send { listener = "mailbox", method = "DELETE", path = "/mailbox" }
    assert.equal(0, #get("/mailbox").json)
  end)

  it("knows no other address", function()
    assert.equal(404, get("/inbox").status)
    assert.equal(404, client.send { listener = "mailbox", method = "POST", path = "/mailbox" }.status)
  end)
end)
