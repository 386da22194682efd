-- SPDX-License-Identifier: MIT
-- The key's secret: its shape, its checksum, and that what is stored does not give it away.
local crypto, testing = require "crypto", require "testing"

local api_key = testing.world():require "lib.api_key"

local BASE62 <const> = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

describe("an API key", function()
  it("is prefix, environment, 24 random characters and a checksum", function()
    assert.matches("^usher_test_" .. ("%w"):rep(24) .. "_" .. ("%w"):rep(6) .. "$", api_key.new_secret())
  end)

  it("is never made twice", function()
    local seen = {}
    for _ = 1, 1000 do
      local secret = api_key.new_secret()
      assert.is_nil(seen[secret])
      seen[secret] = true
    end
  end)

  it("ends in the CRC-32 of all before it, as six base62 digits", function()
    for _ = 1, 100 do
      local text, digits = api_key.new_secret():match "^(.+)_(%w+)$"
      local sum = 0
      for digit in digits:gmatch "." do sum = sum * 62 + BASE62:find(digit, 1, true) - 1 end
      assert.equal(crypto.crc32(text), sum)
    end
  end)

  it("is kept as SHA-256 in hex", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", api_key.hash("abc"))
  end)

  it("has a record without a secret until it is shown", function()
    assert.same({
      pk = "ACCOUNT#a1", sk = "API_KEY#k1", name = "default", prefix = "usher_test",
        status = "PENDING_REVEAL",
      created_at = "2026-01-01T00:00:00Z",
    }, api_key.record { visible_account_id = "a1", key_id = "k1", created_at = "2026-01-01T00:00:00Z" })
  end)
end)
