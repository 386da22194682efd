-- SPDX-License-Identifier: MIT
-- The proof and the keyed hashes: the same from the same, different from anything else.
local fakes = require "tests.scripts.fakes"
local world = fakes.install()

local fingerprint, proof = require "lib.fingerprint", require "lib.proof"

local FORM = { email = "a@b.co", name = "A", password = "Pw1!xxxx", stripe_token = "tok_visa",
  utm = { source = "x" } }


local function with(changes)
  local form = {}
  for name, value in pairs(FORM) do form[name] = value end
  for name, value in pairs(changes) do form[name] = value end
  return form
end


describe("a proof", function()
  it("is 256 bits, the same for the same seed, and another for another", function()
    assert.equal(43, #proof.of("seed"))
    assert.equal(proof.of("seed"), proof.of("seed"))
    assert.not_equal(proof.of("seed"), proof.of("seed2"))
  end)

  it("needs signup.key", function()
    local before, key = proof.of("seed"), world.config.signup.key
    world.config.signup.key = "another"
    assert.not_equal(before, proof.of("seed"))
    world.config.signup.key = key
  end)

  it("holds by token or cookie, whichever is right", function()
    local right, wrong = proof.of("seed"), proof.of("other")
    local intent = { proof_hash = proof.hash(right) }
    -- { token, cookie, holds }
    for _, case in ipairs { { right, nil, true }, { nil, right, true }, { wrong, right, true }, { right,
      wrong, true },
      { wrong, wrong, false }, { nil, nil, false }, { "", "", false }, { intent.proof_hash, nil, false } } do
      assert.equal(case[3], proof.holds(intent, { case[1], case[2] }))
    end
  end)

  it("is set as a cookie that only this host gets back, over TLS, and no script sees", function()
    assert.equal("__Host-usher_signup=x; Path=/; Secure; HttpOnly; SameSite=Lax", proof.cookie("x"))
  end)
end)


describe("a fingerprint", function()
  it("is the same for the same form, whatever card, captcha and proof come with it", function()
    local one = fingerprint.request(FORM)
    assert.equal(one, fingerprint.request(with {}))
    assert.equal(one, fingerprint.request(with { stripe_token = "tok_amex", captcha_token = "c",
      signup_token = "t" }))
  end)

  for name, value in pairs { name = "B", password = "Pw1!yyyy", organization = "O",
    utm = { source = "y" } } do
    it("differs when " .. name .. " does", function()
      assert.not_equal(fingerprint.request(FORM), fingerprint.request(with { [name] = value }))
    end)
  end

  it("of one kind is never that of another", function()
    assert.not_equal(fingerprint.email("x"), fingerprint.card("x"))
    assert.not_equal(fingerprint.card("x"), fingerprint.idempotency_key("x"))
    assert.not_equal(fingerprint.code("a", "1"), fingerprint.code("b", "1"))
  end)
end)
