-- SPDX-License-Identifier: MIT
local crypto = require "crypto"
local fakes = require "tests.scripts.fakes"

local world, state

before_each(function()
  world = fakes.install()
  state = require "lib.sso.state"
end)

local function cookie_of(visit)
  return visit.headers["Set-Cookie"]
end

-- Back with this state and cookie -> what the start said | the error's code
local function finish(given, cookie, owner)
  local req = fakes.request(nil, nil, cookie)
  req.query = { state = given }
  local ok, result = pcall(state.finish, { owner = owner or "me" }, req)
  if ok then return result end
  return result.code or error(result, 0)
end

local CONTENT <const> = { form = { organization = "X" }, return_to = "/a", callback = "https://u.example/cb",
  tries = 0 }

describe("a state", function()
  it("brings back what the start said, with the secrets that it had", function()
    local visit = state.begin(CONTENT)
    local back = finish(visit.state, cookie_of(visit))
    for name, value in pairs(CONTENT) do assert.same(value, back[name]) end
    assert.same({ visit.nonce, visit.verifier }, { back.nonce, back.verifier })
    assert.equal(visit.challenge, crypto.base64url(crypto.sha256(back.verifier)))
  end)

  it("is good for ten minutes", function()
    local visit = state.begin(CONTENT)
    world.now = world.now + 600
    assert.is_table(finish(visit.state, cookie_of(visit)))
    visit = state.begin(CONTENT)
    world.now = world.now + 601
    assert.equal("sso_state_invalid", finish(visit.state, cookie_of(visit)))
  end)

  it("is good once, whoever brings it", function()
    local visit = state.begin(CONTENT)
    finish(visit.state, cookie_of(visit))
    assert.equal("sso_state_invalid", finish(visit.state, cookie_of(visit), "another"))
  end)

  it("is its own request's although the answer to the note was lost", function()
    world:fail("dynamodb.put", { code = "ConditionalCheckFailedException", item = { used_by = "me" } },
      { after = true })
    local visit = state.begin(CONTENT)
    assert.is_table(finish(visit.state, cookie_of(visit), "me"))
  end)

  it("stops the flow when the note cannot be made", function()
    world:fail("dynamodb.put", { code = "InternalServerError", status = 500 })
    local visit = state.begin(CONTENT)
    assert.equal("try_again", finish(visit.state, cookie_of(visit)))
  end)

  it("leaves a note that outlives it, and names nobody", function()
    local visit = state.begin(CONTENT)
    finish(visit.state, cookie_of(visit))
    local _, note = next(world.table)
    assert.equal("SSO#" .. crypto.hex(crypto.sha256(visit.state)), note.pk)
    assert.is_true(note.expires_at > world.now + 600)
    assert.same({ "expires_at", "pk", "sk", "used_by" }, (function()
      local names = {}
      for name in pairs(note) do names[#names + 1] = name end
      table.sort(names)
      return names
    end)())
  end)

  it("fits its own cookie and key only", function()
    local visit, other = state.begin(CONTENT), state.begin(CONTENT)
    assert.not_equal(visit.state, other.state)
    for _, pair in ipairs { { visit.state, cookie_of(other) }, { visit.nonce, cookie_of(visit) },
      { visit.verifier, cookie_of(visit) }, { "", cookie_of(visit) }, { visit.state, nil }, { nil, cookie_of(visit) },
      { visit.state, "__Host-usher_sso=" }, { visit.state, "__Host-usher_sso=" .. ("x"):rep(5000) } } do
      assert.equal("sso_state_invalid", finish(pair[1], pair[2]))
    end
    world.config.signup.key = ("another key "):rep(4)
    assert.equal("sso_state_invalid", finish(visit.state, cookie_of(visit)))
    assert.same({}, world.table)
  end)

  it("is not begun when a browser would drop the cookie", function()
    assert.is_nil(state.begin { form = { organization = ("x"):rep(3000) }, return_to = "/", callback = "", tries = 0 })
  end)
end)
