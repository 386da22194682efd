-- SPDX-License-Identifier: MIT
-- The sandbox's SES v2: what it reads of a message, and what it refuses. boto3's turn is in interop/.
local client = dofile "tests/scripts/sandbox/client.lua"
local crypto, json = require "crypto", require "json"
local mailbox = require "sandbox.mailbox"

local SIMPLE <const> = { Simple = { Subject = { Data = "s" }, Body = { Text = { Data = "t" } } } }

local function send(more)
  local input = { FromEmailAddress = "a@usher.example", Destination = { ToAddresses = { "ses@y.co" } },
    Content = SIMPLE }
  for name, value in pairs(more) do input[name] = value or nil end
  local reply = client.rest("ses", { path = "/v2/email/outbound-emails", body = json.encode(input) })
  return reply.status, reply.headers["x-amzn-ErrorType"], json.decode(reply.body)
end

local function raw(text)
  return { Content = { Raw = { Data = crypto.base64((text:gsub("\n", "\r\n"))) } }, Destination = false,
    FromEmailAddress = false }
end

local function inline(data)
  return { Content = { Template = { TemplateData = data,
    TemplateContent = { Subject = "Hi {{name}}", Text = "{{ name }}, {{n}}" } } } }
end

local function many(count, one)
  local list = json.array {}
  for i = 1, count do list[i] = one end
  return list
end

-- what, what differs, status, code, a piece of the message
local REFUSED = {
  { "a tag with a blank", { EmailTags = { { Name = "k v", Value = "v" } } }, 400, "BadRequestException", "<k v>" },
  { "a tag without a value", { EmailTags = { { Name = "k", Value = "" } } }, 400, "BadRequestException", "tag value" },
  { "a set that nobody made", { ConfigurationSetName = "nope" }, 404, "NotFoundException",
    "Configuration set <nope> does not exist." },
  { "two contents", { Content = { Simple = SIMPLE.Simple, Raw = { Data = "eA==" } } }, 400, "BadRequestException",
    "only one" },
  { "an address to reply to that is none", { ReplyToAddresses = { "nobody" } }, 400, "BadRequestException",
    "ReplyToAddresses" },
  { "sixteen headers of its own", { Content = { Simple = { Subject = SIMPLE.Simple.Subject, Body = SIMPLE.Simple.Body,
    Headers = many(16, { Name = "X-A", Value = "v" }) } } }, 400, "BadRequestException", "Header count exceeds 15." },
  { "an address where a list belongs", { Destination = { ToAddresses = "ses@y.co" } }, 400, "SerializationException" },
  { "an address to reply to alone", { ReplyToAddresses = "r@b.co" }, 400, "SerializationException" },
  { "a sender that is a number", { FromEmailAddress = 5 }, 400, "SerializationException" },
  { "a tag that is a text", { EmailTags = { "k" } }, 400, "SerializationException" },
  { "a template with too little", inline '{"name":"Jo"}', 400, "BadRequestException", "Attribute 'n' is not present" },
  { "a template with data that are none", inline "[", 400, "BadRequestException", "TemplateData" },
}

describe("SES", function()
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1], function()
      local status, code, body = send(case[2])
      assert.same({ case[3], case[4] }, { status, code })
      assert.truthy(not case[5] or body.message:find(case[5], 1, true))
    end)
  end

  it("sends a whole message to everybody in its header", function()
    assert.equal(200, (send(raw [[
From: a@usher.example
To: "Jane, of C" <raw1@y.co>, raw2@y.co
Cc: raw3@y.co
Bcc: raw4@y.co
Subject: by hand

hello]])))
    for i = 1, 4 do
      local mail = mailbox.list(("raw%d@y.co"):format(i))[1]
      assert.same({ "by hand", "hello" }, { mail.subject, mail.text })
    end
  end)

  it("fills a template that came along", function()
    assert.equal(200, (send(inline '{"name":"Jo","n":2}')))
    local mail = mailbox.list("ses@y.co")[1]
    assert.same({ "Hi Jo", "Jo, 2" }, { mail.subject, mail.text })
  end)

  it("takes tags", function()
    assert.equal(200, (send { EmailTags = { { Name = "k_1-a", Value = "v" } }, ReplyToAddresses = { "r@b.co" } }))
  end)

  it("has an account that may send", function()
    local reply = client.rest("ses", { method = "GET", path = "/v2/email/account" })
    assert.same({ 200, true }, { reply.status, json.decode(reply.body).SendingEnabled })
  end)
end)
