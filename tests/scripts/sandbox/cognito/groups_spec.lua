-- SPDX-License-Identifier: MIT
-- What belongs to a pool beside its users and clients: groups, resource servers, a domain.
local here = debug.getinfo(1, "S").source:match("@(.*/)")
local client = dofile(here .. "../client.lua")
local json = require "json"
local jwt = require "jwt"
local ok, refused = client.ok, client.refused
local list = json.array

local NOT_FOUND <const> = "ResourceNotFoundException: "
local BAD <const> = "InvalidParameterException: "
local pool

local function of(input)
  local all = { UserPoolId = pool.id }
  for name, value in pairs(input or {}) do all[name] = value end
  return all
end

setup(function()
  pool = client.pool {}
  for _, name in ipairs { "ann", "bob" } do
    ok("AdminCreateUser", of { Username = name, MessageAction = "SUPPRESS" })
    ok("AdminSetUserPassword", of { Username = name, Password = client.password, Permanent = true })
  end
end)

local function names(entries, member)
  local found = {}
  for i, entry in ipairs(entries) do found[i] = entry[member] end
  return table.concat(found, " ")
end

describe("a group", function()
  local role = "arn:aws:iam::123456789012:role/"

  it("is made, shown, changed and removed", function()
    local made = ok("CreateGroup", of { GroupName = "staff", Description = "us", Precedence = 5 }).Group
    assert.same({ "staff", pool.id, "us", 5, "number" },
      { made.GroupName, made.UserPoolId, made.Description, made.Precedence, type(made.CreationDate) })
    assert.equal("GroupExistsException: A group with the name already exists.",
      (refused("CreateGroup", of { GroupName = "staff" })))
    ok("UpdateGroup", of { GroupName = "staff", Description = "them" })
    local shown = ok("GetGroup", of { GroupName = "staff" }).Group
    assert.same({ "them", 5 }, { shown.Description, shown.Precedence })
    assert.equal("staff", names(ok("ListGroups", of()).Groups, "GroupName"))
    assert.equal("", client.call("DeleteGroup", of { GroupName = "staff" }).body)
    for _, operation in ipairs { "GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup" } do
      assert.equal(NOT_FOUND .. "Group not found.", (refused(operation, of { GroupName = "staff" })))
    end
  end)

  it("has members, who leave with their user or the group", function()
    for _, name in ipairs { "one", "two" } do
      ok("CreateGroup", of { GroupName = name })
      assert.equal("", client.call("AdminAddUserToGroup", of { GroupName = name, Username = "ann" }).body)
      ok("AdminAddUserToGroup", of { GroupName = name, Username = "ann" })
    end
    assert.equal("one two", names(ok("AdminListGroupsForUser", of { Username = "ann" }).Groups, "GroupName"))
    assert.equal("ann", names(ok("ListUsersInGroup", of { GroupName = "one" }).Users, "Username"))
    ok("DeleteGroup", of { GroupName = "one" })
    assert.equal("two", names(ok("AdminListGroupsForUser", of { Username = "ann" }).Groups, "GroupName"))
    ok("AdminRemoveUserFromGroup", of { GroupName = "two", Username = "ann" })
    ok("AdminRemoveUserFromGroup", of { GroupName = "two", Username = "ann" })
    assert.equal("", names(ok("ListUsersInGroup", of { GroupName = "two" }).Users, "Username"))
    ok("AdminAddUserToGroup", of { GroupName = "two", Username = "bob" })
    ok("AdminDeleteUser", of { Username = "bob" })
    assert.equal("", names(ok("ListUsersInGroup", of { GroupName = "two" }).Users, "Username"))
    assert.equal("UserNotFoundException: User does not exist.",
      (refused("AdminAddUserToGroup", of { GroupName = "two", Username = "bob" })))
  end)

  it("is in the tokens, with its role, the first by precedence before", function()
    for name, precedence in pairs { late = 9, first = 1 } do
      ok("CreateGroup", of { GroupName = name, Precedence = precedence, RoleArn = role .. name })
      ok("AdminAddUserToGroup", of { GroupName = name, Username = "ann" })
    end
    local result = ok("InitiateAuth", { AuthFlow = "USER_PASSWORD_AUTH", ClientId = pool.client_id,
      AuthParameters = { USERNAME = "ann", PASSWORD = client.password } }).AuthenticationResult
    local id, access = jwt.decode(result.IdToken), jwt.decode(result.AccessToken)
    assert.same({ { "first", "late" }, { role .. "first", role .. "late" }, role .. "first" },
      { { table.unpack(id["cognito:groups"]) }, { table.unpack(id["cognito:roles"]) }, id["cognito:preferred_role"] })
    assert.same({ "first", "late" }, { table.unpack(access["cognito:groups"]) })
    assert.is_nil(access["cognito:roles"])
  end)

  it("is listed by pages", function()
    local seen, token = 0, nil
    repeat
      local output = ok("ListGroups", of { Limit = 2, NextToken = token })
      seen, token = seen + #output.Groups, output.NextToken
    until not token
    assert.equal(3, seen)
  end)
end)

describe("a resource server", function()
  local server = { Identifier = "https://shop.example", Name = "shop",
    Scopes = list { { ScopeName = "buy", ScopeDescription = "to buy" } } }

  it("is made, shown, changed, listed and removed", function()
    assert.equal("buy", ok("CreateResourceServer", of(server)).ResourceServer.Scopes[1].ScopeName)
    assert.equal(BAD .. "https://shop.example already exists in user pool " .. pool.id .. ".",
      (refused("CreateResourceServer", of(server))))
    ok("UpdateResourceServer", of { Identifier = server.Identifier, Name = "store", Scopes = server.Scopes })
    assert.equal("store", ok("DescribeResourceServer", of { Identifier = server.Identifier }).ResourceServer.Name)
    assert.equal("store", names(ok("ListResourceServers", of()).ResourceServers, "Name"))
    ok("CreateUserPoolClient", of { ClientName = "machine", GenerateSecret = true,
      AllowedOAuthFlowsUserPoolClient = true, AllowedOAuthFlows = list { "client_credentials" },
      AllowedOAuthScopes = list { "https://shop.example/buy" } })
    assert.equal("", client.call("DeleteResourceServer", of { Identifier = server.Identifier }).body)
    assert.equal(NOT_FOUND .. "Resource server https://shop.example does not exist.",
      (refused("DescribeResourceServer", of { Identifier = server.Identifier })))
  end)
end)

describe("a domain", function()
  it("is the pool's until it is deleted, and keeps the pool", function()
    local shop = ok("CreateUserPool", { PoolName = "shop" }).UserPool.Id
    local domain = { UserPoolId = shop, Domain = "shop-sign-in" }
    assert.matches("%.cloudfront%.net$", ok("CreateUserPoolDomain", domain).CloudFrontDomain)
    assert.equal(BAD .. "Domain already associated with another user pool.",
      (refused("CreateUserPoolDomain", of { Domain = "shop-sign-in" })))
    assert.equal(BAD .. "User pool already has a domain configured.",
      (refused("CreateUserPoolDomain", { UserPoolId = shop, Domain = "more" })))
    local shown = ok("DescribeUserPoolDomain", { Domain = "shop-sign-in" }).DomainDescription
    assert.same({ shop, "ACTIVE", client.settings.account_id }, { shown.UserPoolId, shown.Status, shown.AWSAccountId })
    assert.equal("shop-sign-in", ok("DescribeUserPool", { UserPoolId = shop }).UserPool.Domain)
    assert.matches("domain configured", (refused("DeleteUserPool", { UserPoolId = shop })))
    ok("DeleteUserPoolDomain", domain)
    assert.equal('{"DomainDescription":{}}', client.call("DescribeUserPoolDomain", { Domain = "shop-sign-in" }).body)
    assert.equal(BAD .. "No such domain or user pool exists.", (refused("DeleteUserPoolDomain", domain)))
    ok("DeleteUserPool", { UserPoolId = shop })
  end)
end)
