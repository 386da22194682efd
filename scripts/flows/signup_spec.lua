-- SPDX-License-Identifier: MIT
-- The sign-up and its confirmation in a world of their own: `usher test`, and before a new version serves.
local testing = require "testing"

local SIGNUP <const>, CONFIRM <const> = "/api/account/signup", "/api/account/confirm_signup"
local FORM <const> = {
  email = "ada@example.com", name = "Ada Lovelace", country = "GB", organization = "Analytical Engines",
  password = "Corr3ct-Horse!", stripe_token = "tok_visa",
}

describe("a sign-up", function()
  local world, browser

  before_each(function()
    world = testing.world()
    browser = world:browser()
  end)

  it("leaves one user, one customer and one account behind, and a key once the code is entered", function()
    assert.equal(201, browser:post(SIGNUP, FORM).status)
    local reply = browser:post(CONFIRM, { email = FORM.email, code = world:code(FORM.email) })
    assert.equal(200, reply.status)
    assert.is_string(reply.json.api_key.secret)
    assert.equal("CONFIRMED", world:users()[1].status)
    assert.equal(FORM.email, world:customers()[1].email)
    local account = world:item("ACCOUNT#" .. reply.json.visible_account_id, "DETAILS")
    assert.equal(FORM.organization, account.organization)
  end)

  it("writes nothing for a form that cannot succeed, and says all that is wrong", function()
    local reply = browser:post(SIGNUP, { email = "ada", country = "XX" })
    assert.equal(422, reply.status)
    assert.is_true(#reply.json.error.fields > 2)
    assert.same({}, world:calls())
  end)

  it("goes on where a lost answer stopped it: still one customer", function()
    world:fault { service = "stripe", operation = "create_customer", kind = "hang", count = 9 }
    assert.equal(503, browser:post(SIGNUP, FORM).status)
    world:mend()
    world.clock.advance(60)
    assert.equal(201, browser:post(SIGNUP, FORM).status)
    assert.equal(1, #world:customers())
  end)
end)
