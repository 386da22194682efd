-- SPDX-License-Identifier: MIT
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local ok, refused = client.ok, client.refused

describe("ListUsers", function()
  local pool = client.pool { UsernameAttributes = json.array { "email" } }
  local subs = {}
  local PEOPLE = {
    { "ann@example.com", { name = "Ann", given_name = 'A"n\\n' } },
    { "anton@example.com", { name = "Anton", family_name = "Zed" } },
    { "Bob@Example.org", { name = "Bob" } },
  }
  for _, person in ipairs(PEOPLE) do
    local attributes = json.array {}
    for name, value in pairs(person[2]) do attributes[#attributes + 1] = { Name = name, Value = value } end
    subs[person[1]] = ok("SignUp", { ClientId = pool.client_id, Username = person[1],
      Password = client.password, UserAttributes = attributes }).UserSub
  end
  ok("AdminConfirmSignUp", { UserPoolId = pool.id, Username = "ann@example.com" })
  ok("AdminDisableUser", { UserPoolId = pool.id, Username = "Bob@Example.org" })

  local function names(input)
    input.UserPoolId = pool.id
    local list = {}
    for i, user in ipairs(ok("ListUsers", input).Users) do
      for _, entry in ipairs(user.Attributes) do
        if entry.Name == "name" then list[i] = entry.Value end
      end
    end
    return table.concat(list, " ")
  end

  local FILTERS = {
    { nil, "Ann Anton Bob" },
    { "", "Ann Anton Bob" },
    { 'email = "ann@example.com"', "Ann" },
    { 'email="ANN@example.com"', "Ann" },
    { 'email ^= "an"', "Ann Anton" },
    { 'email = "ann"', "" },
    { 'name ^= "An"', "Ann Anton" },
    { 'name ^= "an"', "" },
    { 'name ^= "%"', "" },
    { '"name" = "Bob"', "Bob" },
    { 'family_name = "Zed"', "Anton" },
    { 'given_name = "A\\"n\\\\n"', "Ann" },
    { 'cognito:user_status = "CONFIRMED"', "Ann" },
    { 'cognito:user_status = "unconfirmed"', "Anton Bob" },
    { 'status = "Enabled"', "Ann Anton" },
    { 'status = "Disabled"', "Bob" },
    { 'sub = "' .. subs["ann@example.com"] .. '"', "Ann" },
    { 'username = "' .. subs["anton@example.com"] .. '"', "Anton" },
    { 'sub ^= ""', "Ann Anton Bob" },
  }
  for _, case in ipairs(FILTERS) do
    it("finds by " .. tostring(case[1]), function() assert.equal(case[2], names { Filter = case[1] }) end)
  end

  local REFUSALS = {
    { 'custom:x = "1"', "Invalid search attribute: custom:x" },
    { 'email_verified = "true"', "Invalid search attribute: email_verified" },
    { "email", "Error while parsing filter" },
    { 'email = ann', "Error while parsing filter" },
    { 'email != "ann"', "Error while parsing filter" },
    { 'email = "a" and name = "b"', "Error while parsing filter" },
    { 'email = "a"b"', "Error while parsing filter" },
    { 'email = "a\\"', "Error while parsing filter" },
  }
  for _, case in ipairs(REFUSALS) do
    it("refuses " .. case[1], function()
      assert.equal("InvalidParameterException: " .. case[2],
        (refused("ListUsers", { UserPoolId = pool.id, Filter = case[1] })))
    end)
  end

  it("shows everything of a user, or what is asked for", function()
    local input = { UserPoolId = pool.id, Filter = 'email = "ann@example.com"' }
    local user = ok("ListUsers", input).Users[1]
    assert.same({ "CONFIRMED", true, subs["ann@example.com"] },
      { user.UserStatus, user.Enabled, user.Username })
    assert.is_number(user.UserCreateDate)
    input.AttributesToGet = json.array { "email", "name" }
    local some = ok("ListUsers", input).Users[1].Attributes
    assert.same({ { Name = "email", Value = "ann@example.com" }, { Name = "name", Value = "Ann" } },
      { table.unpack(some) })
  end)

  it("shows nothing when nothing is asked for, and refuses what a user of the page has not", function()
    assert.same({}, { table.unpack(ok("ListUsers",
      { UserPoolId = pool.id, AttributesToGet = json.array {} }).Users[1].Attributes) })
    for _, name in ipairs { "family_name", "custom:none" } do
      assert.equal("InvalidParameterException: One or more requested attributes do not exist.",
        (refused("ListUsers", { UserPoolId = pool.id, AttributesToGet = json.array { "email", name } })))
    end
    assert.equal("Zed", ok("ListUsers", { UserPoolId = pool.id, Filter = 'email ^= "anton"',
      AttributesToGet = json.array { "family_name" } }).Users[1].Attributes[1].Value)
  end)

  it("gives pages, and no token after the last", function()
    local seen, token, pages = {}, nil, 0
    repeat
      local output = ok("ListUsers", { UserPoolId = pool.id, Limit = 1, PaginationToken = token })
      assert.equal(1, #output.Users)
      seen[#seen + 1] = output.Users[1].Username
      token, pages = output.PaginationToken, pages + 1
    until not token
    assert.equal(3, pages)
    assert.same({ subs["ann@example.com"], subs["anton@example.com"], subs["Bob@Example.org"] }, seen)
  end)

  it("says an empty list with brackets", function()
    local reply = client.call("ListUsers", { UserPoolId = pool.id, Filter = 'name = "nobody"' })
    assert.equal('{"Users":[]}', reply.body)
  end)

  it("refuses a token that it never gave, a page too large, an unknown pool", function()
    assert.equal("InvalidParameterException: Invalid pagination token.",
      (refused("ListUsers", { UserPoolId = pool.id, PaginationToken = "xyz" })))
    assert.equal("InvalidParameterException: 1 validation error detected: Value '61' at 'limit' failed to "
      .. "satisfy constraint: Member must have value less than or equal to 60",
      (refused("ListUsers", { UserPoolId = pool.id, Limit = 61 })))
    assert.equal("ResourceNotFoundException: User pool us-east-1_none does not exist.",
      (refused("ListUsers", { UserPoolId = "us-east-1_none" })))
  end)
end)
