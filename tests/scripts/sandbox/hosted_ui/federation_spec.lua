-- SPDX-License-Identifier: MIT
local browser = dofile "tests/scripts/sandbox/browser.lua"
local failure = require "sandbox.failure"
local http = require "http"
local jwt = require "jwt"
local settings = require "sandbox.settings"
local triggers = require "sandbox.cognito.triggers"
local client = browser.client

local REAL_FETCH, REAL_RUN = http.fetch, triggers.run

setup(function() http.fetch = browser.fetch end)
teardown(function() http.fetch = REAL_FETCH end)

local function google(subject)
  return { ProviderName = "Google", ProviderAttributeName = "Cognito_Subject", ProviderAttributeValue = subject }
end

local function link(username, subject)
  return { UserPoolId = settings.user_pool_id, SourceUser = google(subject),
    DestinationUser = { ProviderName = "Cognito", ProviderAttributeValue = username } }
end

describe("a first sign-in through Google", function()
  local seen

  before_each(function()
    browser.register()
    seen = {}
    triggers.run = function(_, source, user, detail)
      seen[#seen + 1] = { source = source, username = user.username, user = user, detail = detail }
      return {}
    end
  end)
  after_each(function()
    triggers.run = REAL_RUN
    settings.switches.already_found_on_first_link = true
    settings.switches.federated_username_lower = true
    settings.switches.external_trigger_aliases = true
  end)

  it("runs PreSignUp_ExternalProvider and PostConfirmation, once", function()
    local person = browser.person()
    browser.sign_in(person)
    browser.sign_in(person)
    assert.equal(2, #seen)
    assert.same({ "PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp" }, { seen[1].source, seen[2].source })
    local shown = seen[1].user.attributes
    assert.same({ "google_" .. person.sub, "", "", "true" }, { seen[1].username, shown["cognito:email_alias"],
      shown["cognito:phone_number_alias"], shown.email_verified })
    assert.is_nil(shown.sub)
  end)

  it("has facts that vary", function()
    settings.switches.federated_username_lower = false
    settings.switches.external_trigger_aliases = false
    local person = browser.person()
    browser.sign_in(person)
    assert.equal("Google_" .. person.sub, seen[1].username)
    assert.is_nil(seen[1].user.attributes["cognito:email_alias"])
  end)

  it("verifies the address when the trigger says so", function()
    triggers.run = function(_, source)
      return source:find "^PreSignUp" and { autoConfirmUser = true, autoVerifyEmail = true } or {}
    end
    local person = browser.person { email_verified = "false" }
    browser.sign_in(person)
    assert.equal("true", client.attributes("google_" .. person.sub).email_verified)
  end)

  it("tells the client what a trigger refuses, and makes no user", function()
    triggers.run = function() failure("UserLambdaValidationException", "PreSignUp failed with error not you.") end
    local person = browser.person()
    local reply = browser.sign_in(person)
    assert.same({ error = "invalid_request", error_description = "PreSignUp failed with error not you. ", state = "S" },
      reply.given)
    assert.truthy(reply.location:find("error_description=PreSignUp+failed+with+error+not+you.+", 1, true))
    assert.matches("UserNotFound", (client.refused("AdminGetUser", client.admin("google_" .. person.sub))))
  end)

  it("fails once when the trigger has linked it, and signs the native user in after that", function()
    local person = browser.person()
    local _, sub = client.confirmed()
    triggers.run = function() client.ok("AdminLinkProviderForUser", link(sub, person.sub)) return {} end
    local first = browser.sign_in(person)
    assert.equal("Already found an entry for username google_" .. person.sub, first.given.error_description)
    assert.equal("invalid_request", first.given.error)
    local claims = jwt.decode(browser.redeem(browser.sign_in(person).given.code).json.id_token)
    assert.same({ sub, sub, "false" }, { claims.sub, claims["cognito:username"], claims.identities[1].primary })
    assert.is_nil(claims["cognito:groups"])
  end)

  it("succeeds at once where the switch says so", function()
    settings.switches.already_found_on_first_link = false
    local person = browser.person()
    local _, sub = client.confirmed()
    triggers.run = function() client.ok("AdminLinkProviderForUser", link(sub, person.sub)) return {} end
    local claims = jwt.decode(browser.redeem(browser.sign_in(person).given.code).json.id_token)
    assert.equal(sub, claims.sub)
  end)
end)

describe("/oauth2/idpresponse", function()
  before_each(function() browser.register() end)

  it("passes on that the person said no", function()
    local target = browser.authorize().location:match("^%w+://[^/]+(.*)$")
    local no = browser.send("google", target .. "&consent=deny")
    local reply = browser.send("cognito", no.location:match("^%w+://[^/]+(.*)$"))
    assert.same({ "access_denied", "S" }, { reply.given.error, reply.given.state })
  end)

  it("takes a state once, and no other", function()
    assert.equal(400, browser.send("cognito", "/oauth2/idpresponse?state=x&code=y").status)
    local leaving = browser.authorize()
    browser.at_google(leaving, browser.person())
    assert.equal(400, browser.at_google(leaving, browser.person()).status)
  end)

  -- what the provider's token endpoint does -> what the client is told
  local TROUBLES = {
    { "knows no such code", nil, "invalid_request", "Google Error - 400 invalid_grant" },
    { "is broken", { status = 503, body = "<html>" }, "invalid_request", "Google Error - 503 error getting token" },
    { "is late", { kind = "timeout" }, "invalid_request", "Timeout occurred in calling IdP token endpoint" },
    { "hangs up", { kind = "reset" }, "invalid_request", "Connection reset" },
    { "gives no token", { status = 200, body = "{}" }, "server_error", "Exception processing authorization code" },
  }
  for _, case in ipairs(TROUBLES) do
    it("says so when Google " .. case[1], function()
      local state, ours = browser.authorize().given.state, http.fetch
      if case[2] then
        http.fetch = function() return case[2].status and case[2] or nil, case[2] end
      end
      local reply = browser.send("cognito", "/oauth2/idpresponse?code=x&state=" .. state)
      http.fetch = ours
      assert.same({ case[3], case[4], "S" }, { reply.given.error, reply.given.error_description, reply.given.state })
    end)
  end

  it("lets nobody in who is disabled", function()
    local person = browser.person()
    browser.sign_in(person)
    client.ok("AdminDisableUser", client.admin("google_" .. person.sub))
    assert.equal("User is not enabled", browser.sign_in(person).given.error_description)
  end)
end)

describe("AdminLinkProviderForUser", function()
  before_each(function() browser.register() end)

  it("gives the native user the attribute", function()
    local _, sub = client.confirmed()
    client.ok("AdminLinkProviderForUser", link(sub, "109"))
    assert.matches('"userId":"109".*"primary":false', client.attributes(sub).identities)
    client.ok("AdminDisableProviderForUser", { UserPoolId = settings.user_pool_id, User = google("109") })
    assert.is_nil(client.attributes(sub).identities)
  end)

  it("refuses what the service refuses", function()
    local _, sub = client.confirmed()
    local _, other = client.confirmed()
    local person = browser.person()
    browser.sign_in(person)
    client.ok("AdminLinkProviderForUser", link(sub, "201"))
    local native = link(sub, "x")
    native.SourceUser.ProviderName = "Cognito"
    local unknown = link(sub, "x")
    unknown.SourceUser.ProviderName = "Facebook"
    local CASES = {
      { link(sub, "201"), "InvalidParameterException: SourceUser is already linked to DestinationUser" },
      { link(other, "201"), "AliasExistsException: " },
      { link(sub, person.sub), "InvalidParameterException: Merging is not currently supported, provide a SourceUser" },
      { native, "InvalidParameterException: Invalid SourceUser: Cognito users" },
      { unknown, "ResourceNotFoundException: " },
      { link("nobody", "301"), "UserNotFoundException: User does not exist." },
    }
    for _, case in ipairs(CASES) do
      local said = client.refused("AdminLinkProviderForUser", case[1])
      assert.equal(case[2], said:sub(1, #case[2]))
    end
    for i = 202, 205 do client.ok("AdminLinkProviderForUser", link(sub, tostring(i))) end
    assert.matches("^LimitExceeded", (client.refused("AdminLinkProviderForUser", link(sub, "206"))))
  end)

  it("links again after the provider's user is deleted", function()
    local person = browser.person()
    local _, sub = client.confirmed()
    browser.sign_in(person)
    client.ok("AdminDeleteUser", client.admin("google_" .. person.sub))
    client.ok("AdminLinkProviderForUser", link(sub, person.sub))
    local claims = jwt.decode(browser.redeem(browser.sign_in(person).given.code).json.id_token)
    assert.equal(sub, claims.sub)
  end)
end)

describe("the address of a provider's user", function()
  after_each(function() settings.switches.external_holds_email = true end)

  it("is taken, or not, as the switch says", function()
    browser.register()
    local person = browser.person()
    browser.sign_in(person)
    assert.matches("^UsernameExists", (client.refused("SignUp", client.named(person.email,
      { Password = client.password }))))
    local _, user = client.attributes(person.email)
    assert.equal("EXTERNAL_PROVIDER", user.UserStatus)
    settings.switches.external_holds_email = false
    client.ok("SignUp", client.named(person.email, { Password = client.password }))
    settings.switches.external_holds_email = true
    _, user = client.attributes(person.email)
    assert.equal("UNCONFIRMED", user.UserStatus)
  end)
end)
