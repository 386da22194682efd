-- SPDX-License-Identifier: MIT
-- Cognito's PreSignUp trigger, as a function of its event.
local testing = require "testing"

local function event_of(email)
  return {
    triggerSource = "PreSignUp_SignUp", userPoolId = "us-east-1_UsherDev1", userName = "ada",
    request = { userAttributes = { email = email } },
    response = { autoConfirmUser = false, autoVerifyEmail = false, autoVerifyPhone = false },
  }
end

describe("the PreSignUp trigger", function()
  it("lets people in, and refuses throw-away addresses and who is denied", function()
    local world = testing.world { triggers = { deny = { "denied.example" } } }
    local pre_sign_up = world:require "triggers.pre_sign_up"
    local event = event_of "ada@example.com"
    assert.equal(event, pre_sign_up(event))
    assert.is_false(pcall(pre_sign_up, event_of "ada@yopmail.com"))
    assert.is_false(pcall(pre_sign_up, event_of "ada@denied.example"))
  end)
end)
