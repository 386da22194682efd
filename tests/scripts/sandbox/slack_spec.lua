-- SPDX-License-Identifier: MIT
-- The sandbox's Slack webhook: what it takes, and the word it says to what it does not.
local client = dofile "tests/scripts/sandbox/client.lua"
local form, json = require "form", require "json"
local slack = require "sandbox.slack"

local function post(body, media, path)
  return client.send { listener = "slack", path = path or client.settings.slack_path, body = body,
    headers = { ["content-type"] = media or "application/json" } }
end

local function many(count)
  local list = {}
  for i = 1, count do list[i] = { type = "divider" } end
  return json.array(list)
end

-- what, payload or text, status, word
local SENT = {
  { "a text", { text = "hello" }, 200, "ok" },
  { "blocks alone", { blocks = many(50) }, 200, "ok" },
  { "attachments alone", { attachments = many(100) }, 200, "ok" },
  { "51 blocks", { text = "t", blocks = many(51) }, 400, "invalid_blocks" },
  { "a block that is a text", { blocks = json.array { "x" } }, 400, "invalid_blocks" },
  { "blocks that are an object", { blocks = { type = "divider" } }, 400, "invalid_blocks" },
  { "101 attachments", { attachments = many(101) }, 400, "too_many_attachments" },
  { "an attachment that is a text", { attachments = json.array { "x" } }, 400, "invalid_attachments" },
  { "no block at all", { blocks = json.array {} }, 400, "no_text" },
  { "an empty text", { text = "" }, 400, "no_text" },
  { "a list", "[]", 400, "invalid_payload" },
  { "half an object", "{", 400, "invalid_payload" },
  { "a long text", { text = ("x"):rep(40001) }, 400, "msg_too_long" },
}

describe("Slack", function()
  for _, case in ipairs(SENT) do
    it(("hears %s and says %s"):format(case[1], case[4]), function()
      local before = #slack.list()
      local reply = post(type(case[2]) == "string" and case[2] or json.encode(case[2]))
      assert.same({ case[3], case[4] }, { reply.status, reply.body })
      assert.equal(case[3] == 200 and 1 or 0, #slack.list() - before)
    end)
  end

  it("reads a form's payload", function()
    local body = form.encode { payload = json.encode { text = "a+b & c" } }
    assert.equal("ok", post(body, "application/x-www-form-urlencoded").body)
    assert.equal("a+b & c", slack.list()[#slack.list()].text)
  end)

  it("knows its own address only", function()
    for _, case in ipairs { { "/services/T00000000/B00000000/x", 403, "invalid_token" },
      { "/services/T00000000/B1/x", 404, "no_service" }, { "/services/T1/B1/x", 404, "no_team" },
      { "/services", 404, "no_team" } } do
      local reply = post("{}", nil, case[1])
      assert.same(case, { case[1], reply.status, reply.body })
    end
  end)
end)
