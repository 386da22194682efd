-- SPDX-License-Identifier: MIT
-- What is said of a person whom a store cannot tell of: never that nobody knows them.
local fakes, json = require "tests.scripts.fakes", require "json"

local EMAIL <const> = "jane@example.com"

describe("dossier", function()
  local world, dossier

  before_each(function()
    world = fakes.install()
    package.loaded.cognito.filter = function() return "a filter" end
    package.loaded.cognito.list_users = function() return {} end
    dossier = require "lib.dossier"
  end)

  -- what is asked, the call that fails, what is raised
  local CASES <const> = {
    { EMAIL, "cognito.admin_get_user", "Cognito cannot be read: timeout" },
    { EMAIL, "dynamodb.get", "DynamoDB cannot be read: timeout" },
    { EMAIL, "stripe.list_customers", "Stripe cannot be read: timeout" },
    { "an-account", "dynamodb.get", "DynamoDB cannot be read: timeout" },
    { "a-name", "cognito.admin_get_user", "Cognito cannot be read: timeout" },
    { "cus_1", "stripe.retrieve_customer", "Stripe cannot be read: timeout" },
  }
  for _, case in ipairs(CASES) do
    it(("raises when %s fails for %s"):format(case[2], case[1]), function()
      world:fail(case[2], { code = "timeout" }, { times = 9 })
      local ok, problem = pcall(dossier.gather, case[1])
      assert.same({ false, case[3] }, { ok, tostring(problem) })
    end)
  end

  it("leads from a customer to the address", function()
    world.customers.cus_1 = { id = "cus_1", email = EMAIL, metadata = {} }
    assert.equal(EMAIL, dossier.gather("cus_1").email)
  end)

  it("leads nowhere from one without an address, or that Stripe does not have", function()
    world.customers.cus_1 = { id = "cus_1", email = json.null, metadata = {} }
    local facts = dossier.gather "cus_1"
    assert.same({ nil, "cus_1" }, { facts.email, facts.customers.cus_1 and facts.customers.cus_1.id })
    assert.is_nil(dossier.gather("cus_2").email)
  end)
end)
