-- SPDX-License-Identifier: MIT
-- secret: no way of printing, joining or walking a handle shows what it holds.
local crypto, json, log, secret = require "crypto", require "json", require "log", require "secret"

local VALUE <const> = "tr0ub4dor&3"
local handle = secret.new("stripe.key", VALUE)

local WAYS <const> = { -- each gives text, or raises
  tostring = function() return tostring(handle) end,
  format = function() return ("%s"):format(handle) end,
  ["format %q"] = function() return ("%q"):format(handle) end,
  concat = function() return "" .. handle end,
  ["table.concat"] = function() return table.concat { handle } end,
  json = function() return json.encode { key = handle } end,
  length = function() return tostring(#handle) end,
  index = function() return tostring(handle.data) end,
  next = function() return tostring(next(handle)) end,
  pairs = function() return tostring((pairs(handle))) end,
  metatable = function() return tostring(getmetatable(handle)) end,
  ["error"] = function() error(handle) end,
  ["string.rep"] = function() return string.rep(handle, 2) end,
  ["os.getenv"] = function() return os.getenv(handle) end,
  compare = function() return tostring(handle < handle) end,
}

describe("a secret", function()
  for name, way in pairs(WAYS) do
    it("is not shown by " .. name, function()
      local _, text = pcall(way)
      assert.is_nil(tostring(text):find(VALUE, 1, true))
    end)
  end

  it("prints its name", function()
    assert.equal("<secret stripe.key>", tostring(handle))
  end)

  it("has a metatable that nobody gets hold of", function()
    assert.equal("secret", getmetatable(handle))
    assert.error_matches(function() setmetatable(handle, {}) end, "table expected")
  end)

  it("does not go to the log", function()
    assert.has_no.errors(function() log.debug("it", { handle, key = handle, [handle] = 1 }) end)
  end)

  it("is told from everything else", function()
    assert.is_true(secret.is(handle))
    for _, value in ipairs { "text", 5, true, {}, print, io.stdout } do assert.is_false(secret.is(value)) end
    assert.is_false(secret.is(nil))
    assert.error_matches(function() secret.is() end, "value expected")
  end)

  it("is compared in C, byte for byte", function()
    assert.is_true(crypto.equal(handle, VALUE))
    assert.is_true(crypto.equal(secret.new("other", VALUE), handle))
    assert.is_false(crypto.equal(handle, VALUE .. "x"))
    local nul = secret.new("nul", "a\0b")
    assert.is_true(crypto.equal(nul, "a\0b"))
    assert.is_false(crypto.equal(nul, "a\0c"))
  end)

  it("may have 64 KiB and not one byte more", function()
    assert.is_true(secret.is(secret.new("large", ("x"):rep(65536))))
    assert.error_matches(function() secret.new("large", ("x"):rep(65537)) end, "too large")
  end)
end)

describe("secret.open", function()
  local function file_of(text)
    local path = os.tmpname()
    assert(io.open(path, "w")):write(text):close()
    local opened, why = secret.open("it", "file:" .. path)
    os.remove(path)
    return opened, why and why:gsub(path, "PATH", 1)
  end

  local FILES <const> = {
    { "value", "value" },
    { "value\n", "value" },
    { "value\r\n\n", "value" },
    { "two\nlines\n", "two\nlines" },
    { " space ", " space " },
    { "nul\0inside", "nul\0inside" },
  }
  for _, case in ipairs(FILES) do
    it(("reads the file %q"):format(case[1]), function()
      assert.is_true(crypto.equal(assert(file_of(case[1])), case[2]))
    end)
  end

  it("reads the environment", function()
    assert.is_true(crypto.equal(secret.open("home", "env:PATH"), os.getenv "PATH"))
  end)

  local REFUSED <const> = {
    { "env:USHER_TEST_NOT_SET", "environment variable USHER_TEST_NOT_SET is not set" },
    { "env:", "environment variable  is not set" },
    { "file:/nowhere/100%d%s%n", "file /nowhere/100%d%s%n cannot be read: No such file or directory" },
    { "file:/dev/null", "file /dev/null is empty" },
    { "plain", 'plain is neither "env:VARIABLE" nor "file:PATH"' },
  }
  for _, case in ipairs(REFUSED) do
    it("says why it cannot take " .. case[1], function()
      assert.same({ nil, case[2] }, { secret.open("it", case[1]) })
    end)
  end

  it("says that a file is empty or too large", function()
    assert.same({ nil, "file PATH is empty" }, { file_of "\n\n" })
    assert.same({ nil, "file PATH is too large for a secret" }, { file_of(("x"):rep(65537)) })
  end)
end)
