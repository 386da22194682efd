-- SPDX-License-Identifier: MIT
-- The sandbox's clock over HTTP: what moves, and what does not.
local json = require "json"
local client = dofile "tests/scripts/sandbox/client.lua"


local function ask(method, body)
  local reply = client.send { listener = "mailbox", method = method, path = "/clock", body = body }
  return reply.status, reply.json
end


describe("the sandbox's clock", function()
  after_each(client.time.reset)

  it("moves on, and back to the real time", function()
    local before = client.time.now()
    assert.equal(200, (ask("POST", json.encode { advance = 90000 })))
    local _, answer = ask("GET")
    assert.equal(90000, answer.offset)
    assert.is_true(answer.now >= before + 90000)
    ask("DELETE")
    assert.equal(0, select(2, ask("GET")).offset)
  end)

  it("takes nothing but seconds", function()
    for _, body in ipairs { "", "{}", "[]", '{"advance":"1"}', "7" } do assert.equal(400, (ask("POST", body))) end
    assert.equal(405, (ask("PUT")))
  end)

  it("lets a code run out, and does not touch signatures", function()
    local email = client.sign_up()
    ask("POST", json.encode { advance = 24 * 3600 + 1 })
    local refusal = client.refused("ConfirmSignUp", client.named(email, { ConfirmationCode = client.code(email) }))
    assert.matches("ExpiredCode", refusal)
    assert.equal("UNCONFIRMED", client.ok("AdminGetUser", client.admin(email)).UserStatus)
  end)
end)
