-- SPDX-License-Identifier: MIT
-- Where a reset code goes, by what the pool says of recovery and what the user has proved.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local ok, refused = client.ok, client.refused
local list = json.array

local NOWHERE <const> = "InvalidParameterException: Cannot reset password for the user as there is no "
  .. "registered/verified email or phone_number"
local BOTH <const> = { email = true, phone_number = true }

local function mechanisms(...)
  local all = list {}
  for i, name in ipairs { ... } do all[i] = { Name = name, Priority = i } end
  return all[1] and { RecoveryMechanisms = all } or nil
end

-- A pool with one user, whose addresses are proved where `proved` says so, in the spelling that it says.
local function world(recovery, proved)
  local pool = client.pool { AccountRecoverySetting = recovery }
  local values = list { { Name = "email", Value = "ann@example.com" },
    { Name = "phone_number", Value = "+15550001234" } }
  for name, spelling in pairs(proved) do
    values[#values + 1] = { Name = name .. "_verified", Value = spelling == true and "true" or spelling }
  end
  ok("AdminCreateUser", { UserPoolId = pool.id, Username = "ann", UserAttributes = values, MessageAction = "SUPPRESS" })
  ok("AdminSetUserPassword", { UserPoolId = pool.id, Username = "ann", Password = client.password, Permanent = true })
  return pool, { ClientId = pool.client_id, Username = "ann" }
end

describe("ForgotPassword", function()
  local WHERE = {
    { "the phone, where the pool says nothing", {}, BOTH, "phone_number" },
    { "the address that is proved", {}, { email = true }, "email" },
    { "what the pool prefers", { "verified_email", "verified_phone_number" }, BOTH, "email" },
    { "the second choice", { "verified_phone_number", "verified_email" }, { email = true }, "email" },
    { "an address proved with a capital letter", { "verified_email" }, { email = "True" }, "email" },
  }
  for _, case in ipairs(WHERE) do
    it("sends the code to " .. case[1], function()
      local _, ann = world(mechanisms(table.unpack(case[2])), case[3])
      assert.equal(case[4], ok("ForgotPassword", ann).CodeDeliveryDetails.AttributeName)
    end)
  end

  local REFUSALS = {
    { "without a proved address", {}, {}, NOWHERE },
    { "where the one choice is not proved", { "verified_email" }, { phone_number = true }, NOWHERE },
    { "where only an administrator resets", { "admin_only" }, BOTH,
      "NotAuthorizedException: Contact administrator to reset password." },
  }
  for _, case in ipairs(REFUSALS) do
    it("is refused " .. case[1], function()
      local _, ann = world(mechanisms(table.unpack(case[2])), case[3])
      assert.equal(case[4], (refused("ForgotPassword", ann)))
    end)
  end
end)

describe("AdminResetUserPassword", function()
  it("works where only an administrator resets", function()
    local pool = world(mechanisms "admin_only", BOTH)
    ok("AdminResetUserPassword", { UserPoolId = pool.id, Username = "ann" })
    assert.equal("RESET_REQUIRED", select(2, client.attributes("ann", pool.id)).UserStatus)
  end)

  it("leaves a disabled user alone", function()
    local pool = world(nil, BOTH)
    ok("AdminDisableUser", { UserPoolId = pool.id, Username = "ann" })
    assert.equal("NotAuthorizedException: User is disabled.",
      (refused("AdminResetUserPassword", { UserPoolId = pool.id, Username = "ann" })))
  end)
end)
