-- SPDX-License-Identifier: MIT
-- A browser in front of the sign-up and a world of fakes behind it. Shared by the sign-up's specs.
local assert = require "luassert"
local fakes = require "tests.scripts.fakes"

local door = {
  FORM = {
    email = " Jane@Example.com ", name = "Jane Doe", country = "DE", organization = "Example GmbH",
    password = "Pw1!xxxx", stripe_token = "tok_visa", utm_source = "ads",
  },
}

local world, handler


-- A new world. settings: { section = { name = value } } laid over the fakes' own.
function door.fresh(settings)
  world = fakes.install()
  for section, values in pairs(settings or {}) do
    for name, value in pairs(values) do world.config[section][name] = value end
  end
  handler = require "flows.signup"
  return world
end


-- The answer to the form with some fields changed. headers: lower-case names. cookie: an answer's Set-Cookie.
function door.sign_up(changes, headers, cookie)
  local body = {}
  for name, value in pairs(door.FORM) do body[name] = value end
  for name, value in pairs(changes or {}) do body[name] = value end
  return fakes.call(handler, body, headers, cookie)
end


function door.cookie_of(reply)
  return reply.headers and reply.headers["Set-Cookie"]
end


-- Everything is there, once, and agrees. -> the intent
function door.assert_complete()
  local intent = world:intent()
  assert.equal("DONE", intent.step)
  assert.equal(0, intent.lease_until)
  assert.is_nil(intent.card)
  assert.equal(1, #world.users)
  local customers = {}
  for customer_id in pairs(world.customers) do customers[#customers + 1] = customer_id end
  assert.same({ intent.stripe_id }, customers)
  local account, user = "ACCOUNT#" .. intent.visible_account_id, "USER#" .. world.users[1].sub
  assert.same({
    account .. " API_KEY#" .. intent.key_id, account .. " DETAILS", account .. " " .. user,
    user .. " " .. account, user .. " DETAILS",
  }, world:rows())
  return intent
end


return door
