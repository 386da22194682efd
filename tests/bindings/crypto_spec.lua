-- SPDX-License-Identifier: MIT
-- crypto: what Lua sees of core's digests and encodings; their full vectors are in tests/core.
local crypto, secret = require "crypto", require "secret"

describe("crypto", function()
  it("hashes, with keys that are strings or secrets", function()
    local jefe, mac = "Jefe", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      crypto.hex(crypto.sha256("abc")))
    assert.equal(mac, crypto.hex(crypto.hmac_sha256(jefe, "what do ya want for nothing?")))
    assert.equal(mac, crypto.hex(crypto.hmac_sha256(secret.new("jefe",
    jefe), "what do ya want for nothing?")))
    assert.equal(32, #crypto.hmac_sha256("", ""))
    assert.equal("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", -- RFC 2202
      crypto.hex(crypto.hmac_sha1(secret.new("jefe", jefe), "what do ya want for nothing?")))
    assert.equal("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d", crypto.hex(crypto.hmac_sha1("", "")))
  end)

  it("compares strings and secrets", function()
    for _, row in ipairs {
      { "", "", true }, { "a", "a", true }, { "a", "b", false }, { "a", "ab", false },
      { "a\0b", "a\0c", false },
      { ("x"):rep(64), ("x"):rep(64), true }, { ("x"):rep(64), ("x"):rep(63) .. "y", false },
    } do
      local a, b, same = row[1], row[2], row[3]
      assert.equal(same, crypto.equal(a, b))
      assert.equal(same, crypto.equal(secret.new("a", a), b))
      assert.equal(same, crypto.equal(a, secret.new("b", b)))
      assert.equal(same, crypto.equal(secret.new("a", a), secret.new("b", b)))
    end
  end)

  it("encodes and decodes", function()
    for _, row in ipairs {
      { "", "", "", "" }, { "f", "66", "Zg==", "Zg" }, { "fo", "666f", "Zm8=", "Zm8" },
      { "foobar", "666f6f626172", "Zm9vYmFy", "Zm9vYmFy" },
      { "\251\255\191\0", "fbffbf00", "+/+/AA==", "-_-_AA" },
    } do
      assert.equal(row[2], crypto.hex(row[1]))
      assert.equal(row[3], crypto.base64(row[1]))
      assert.equal(row[4], crypto.base64url(row[1]))
      assert.equal(row[1], crypto.unhex(row[2]:upper()))
      assert.equal(row[1], crypto.unbase64(row[3]))
      assert.equal(row[1], crypto.unbase64url(row[4]))
    end
    assert.equal("%00%20~-._aZ9%C3%A9%26", crypto.percent("\0 ~-._aZ9é&"))
    local long = crypto.random(100000)
    assert.equal(long, crypto.unhex(crypto.hex(long)))
    assert.equal(long, crypto.unbase64(crypto.base64(long)))
    assert.equal(long, crypto.unbase64url(crypto.base64url(long)))
  end)

  it("says nil for text that is malformed", function()
    for _, row in ipairs {
      { "unhex", "0" }, { "unhex", "zz" }, { "unbase64", "Zg" }, { "unbase64", "Zh==" },
      { "unbase64", "Zm9v\n" },
      { "unbase64", "-_-_" }, { "unbase64url", "Zg==" }, { "unbase64url", "+/+/" }, { "unbase64url", "Z" },
    } do
      local value, message = crypto[row[1]](row[2])
      assert.is_nil(value)
      assert.equal("not " .. row[1]:sub(3):gsub("hex", "hexadecimal"), message)
    end
  end)

  it("counts as zlib does", function()
    assert.equal(3421780262, crypto.crc32("123456789"))
    assert.equal(2745614147, crypto.crc32("{}"))
  end)

  it("draws bytes and strings", function()
    assert.equal("", crypto.random(0))
    assert.equal(33, #crypto.random(33))
    assert.are_not.equal(crypto.random(16), crypto.random(16))
    assert.matches("^[%w]+$", crypto.random_string(500))
    assert.matches("^[ab]+$", crypto.random_string(500, "ab"))
    assert.equal("zzz", crypto.random_string(3, "z"))
  end)

  it("makes uuids", function()
    local uuid = crypto.uuid()
    assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", uuid)
    assert.are_not.equal(uuid, crypto.uuid())
    assert.equal("2ed6657d-e927-568b-95e1-2665a8aea6a2", crypto.uuid5("dns", "www.example.com"))
    assert.equal("2ed6657d-e927-568b-95e1-2665a8aea6a2",
      crypto.uuid5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"))
    assert.equal("5", crypto.uuid5(uuid, ""):sub(15, 15))
  end)

  it("raises the caller's mistakes", function()
    for _, row in ipairs {
      { "sha256" }, { "sha256", {} }, { "sha256", secret.new("s", "s") }, { "hmac_sha256", true, "" },
      { "hmac_sha1", true, "" },
      { "equal", "a" },
      { "random", -1 }, { "random", 1048577 }, { "random", 1.5 }, { "random_string", 3, "" },
      { "random_string", 3, "aba" }, { "uuid5", "no uuid", "" }, { "uuid5", "dns" }, { "base64", io.stdout },
    } do
      assert.has_error(function() crypto[row[1]](table.unpack(row, 2)) end)
    end
  end)
end)
