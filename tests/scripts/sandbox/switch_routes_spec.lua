-- SPDX-License-Identifier: MIT
local client = dofile "tests/scripts/sandbox/client.lua"
local identity = require "sandbox.google.identity"
local json = require "json"

local function send(method, path, body)
  local reply = client.send { listener = "mailbox", method = method, path = path,
    body = body and json.encode(body) or "" }
  return reply.status, reply.json
end

describe("the sandbox's switches", function()
  after_each(function()
    client.settings.switches.already_found_on_first_link = true
    identity.choose {}
  end)

  it("are shown and turned", function()
    local status, shown = send("GET", "/switches")
    assert.same({ 200, true }, { status, shown.already_found_on_first_link })
    assert.equal(200, (send("POST", "/switches", { already_found_on_first_link = false })))
    assert.is_false(client.settings.switches.already_found_on_first_link)
  end)

  it("are turned all or none, and only to what they can be", function()
    for _, wrong in ipairs { { unknown = true }, { already_found_on_first_link = "no" },
      { already_found_on_first_link = false, unknown = 1 }, json.array { true } } do
      assert.equal(400, (send("POST", "/switches", wrong)))
      assert.is_true(client.settings.switches.already_found_on_first_link)
    end
    assert.equal(400, client.send { listener = "mailbox", path = "/switches", body = "nonsense" }.status)
  end)

  it("say who is at Google", function()
    assert.equal(200, (send("POST", "/google/consent", { auto = true, sub = "7", email = "x@y.example" })))
    local _, shown = send("GET", "/google/consent")
    assert.same({ true, "7", "x@y.example", "Ada Lovelace" }, { shown.auto, shown.sub, shown.email, shown.name })
    assert.equal(400, (send("POST", "/google/consent", { sub = 7 })))
  end)

  it("give the pool another key", function()
    local path = "/" .. client.settings.user_pool_id .. "/.well-known/jwks.json"
    local function kid()
      return json.decode(client.send { listener = "cognito", method = "GET", path = path }.body).keys[1].kid
    end
    local before = kid()
    assert.equal(204, (send("POST", "/cognito/rotate_keys")))
    assert.not_equal(before, kid())
  end)
end)
