-- SPDX-License-Identifier: MIT
-- What is said of a person whom a store cannot tell of: never that nobody knows them.
local testing = require "testing"

local EMAIL <const> = "jane@example.com"

describe("dossier", function()
  local world, dossier, stripe

  before_each(function()
    world = testing.world()
    dossier, stripe = world:require "lib.dossier", world:require "stripe"
  end)

  -- what is asked, the call that fails, what is raised
  local CASES <const> = {
    { EMAIL, "cognito", "AdminGetUser", "Cognito cannot be read: broken" },
    { EMAIL, "cognito", "ListUsers", "Cognito cannot be read: broken" },
    { EMAIL, "dynamodb", "GetItem", "DynamoDB cannot be read: broken" },
    { EMAIL, "stripe", "list_customers", "Stripe cannot be read: broken" },
    { "an-account", "dynamodb", "GetItem", "DynamoDB cannot be read: broken" },
    { "a-name", "cognito", "AdminGetUser", "Cognito cannot be read: broken" },
    { "cus_1", "stripe", "retrieve_customer", "Stripe cannot be read: broken" },
  }
  for _, case in ipairs(CASES) do
    it(("raises when %s %s fails for %s"):format(case[2], case[3], case[1]), function()
      world:fault { service = case[2], operation = case[3], kind = "refuse", error = { code = "broken", status = 400 } }
      local ok, problem = pcall(dossier.gather, case[1])
      assert.same({ false, case[4] }, { ok, tostring(problem) })
    end)
  end

  it("leads from a customer to the address", function()
    assert.equal(EMAIL, dossier.gather(stripe.create_customer({ email = EMAIL }).id).email)
  end)

  it("leads nowhere from one without an address, or that Stripe does not have", function()
    local id = stripe.create_customer({}).id
    local facts = dossier.gather(id)
    assert.same({ nil, id }, { facts.email, facts.customers[id].id })
    assert.is_nil(dossier.gather("cus_2").email)
  end)
end)
