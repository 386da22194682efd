-- SPDX-License-Identifier: MIT
-- The sandbox's captcha verifier: forms and JSON, and what each mistake is called.
local client = dofile "tests/scripts/sandbox/client.lua"
local form, json = require "form", require "json"

local SECRET <const> = client.settings.captcha_secret
local FORM <const>, JSON <const> = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
local PARTS <const> = "multipart/form-data; boundary=--x-1"

local function ask(media, body, query)
  local reply = client.send { listener = "captcha", path = "/turnstile/v0/siteverify",
    headers = { ["content-type"] = media }, body = body, query = query }
  return reply.status, reply.json
end

local function in_parts(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = ('----x-1\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'):format(name, value)
  end
  return table.concat(parts) .. "----x-1--\r\n"
end

-- what is sent, error codes (nil: it passes)
local SENT = {
  { { secret = SECRET, response = "pass" } },
  { { secret = SECRET, response = "score:0.3", remoteip = "192.0.2.1" } },
  { { secret = SECRET, response = "fail" }, "invalid-input-response" },
  { { secret = SECRET }, "missing-input-response" },
  { { secret = "x", response = "pass" }, "invalid-input-secret" },
  { { response = "pass" }, "missing-input-secret" },
  { { secret = "", response = "" }, "missing-input-secret", "missing-input-response" },
}

describe("the captcha's verifier", function()
  for i, case in ipairs(SENT) do
    for media, encode in pairs { [FORM] = form.encode, [JSON] = json.encode, [PARTS] = in_parts } do
      it(("judges %d as %s"):format(i, media), function()
        local status, answer = ask(media, encode(case[1]))
        assert.same({ 200, #case == 1, { table.unpack(case, 2) } }, { status, answer.success, answer["error-codes"] })
      end)
    end
  end

  it("judges a query", function()
    local status, answer = ask(nil, "", { secret = SECRET, response = "pass" })
    assert.same({ 200, true }, { status, answer.success })
  end)

  for _, case in ipairs { { "multipart/form-data", "secret=x" }, { "text/plain", "secret=x" }, { JSON, "[]" },
    { JSON, "{" }, { JSON, '{"secret":1}' }, { FORM, "secret[a]=1" } } do
    it(("takes no %s %s"):format(case[1], case[2]), function()
      local status, answer = ask(case[1], case[2])
      assert.same({ 400, { "bad-request" } }, { status, answer["error-codes"] })
    end)
  end
end)
