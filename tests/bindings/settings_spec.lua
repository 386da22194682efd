-- SPDX-License-Identifier: MIT
-- settings: what a file laid over the defaults may say, and every way in which it can be wrong.
local secret, settings = require "secret", require "settings"

local RULES <const> = [[return {
  env = "production",
  listen = { host = "127.0.0.1", port = between(8080, 0, 65535) },
  limits = { body = between(100, 10, 1000), grace = between(5.0, 0, 60) },
  proxy = { header = one_of("x-forwarded-for", "forwarded") },
  cors = { origins = list {} },
  tracing = false,
  account = { limits = map { seats = 5 } },
  stripe = { key = optional_secret "env:USHER_TEST_NOT_SET" },
  user = env("USHER_TEST_NOT_SET", "nobody"),
}]]

local function load(...)
  local sources = { lenient = false, { "config/usher.lua", RULES } }
  for i, text in ipairs { ... } do sources[i + 1] = { "file" .. i .. ".lua", text } end
  return settings.load(sources)
end

local REFUSED <const> = { -- what the file says, and the one line that comes of it
  { "return { evn = 'x' }", "file1.lua:1: unknown setting evn; did you mean env?" },
  { "return { listen = { prot = 1 } }", "file1.lua:1: unknown setting listen.prot; did you mean listen.port?" },
  { "return { limit = {} }", "file1.lua:1: unknown setting limit; did you mean limits?" },
  { "return { [1] = 5 }", "file1.lua:1: unknown setting 1; did you mean env?" },
  { "return { env = 5 }", "file1.lua:1: env must be a string, not 5" },
  { "return { env = {} }", "file1.lua:1: env must be a string, not a table" },
  { "return { tracing = 'yes' }", 'file1.lua:1: tracing must be a boolean, not "yes"' },
  { "return { listen = 80 }", "file1.lua:1: listen must be a table of settings, not 80" },
  { "return { listen = { port = '80' } }", 'file1.lua:1: listen.port must be a number from 0 to 65535, not "80"' },
  { "return { listen = { port = 65536 } }", "file1.lua:1: listen.port must be a number from 0 to 65535, not 65536" },
  { "return { listen = { port = -1 } }", "file1.lua:1: listen.port must be a number from 0 to 65535, not -1" },
  { "return { listen = { port = 80.5 } }", "file1.lua:1: listen.port must be a number from 0 to 65535, not 80.5" },
  { "return { limits = { grace = 0/0 } }", "file1.lua:1: limits.grace must be a number from 0 to 60, not -nan" },
  { "return { limits = { body = between(9, 0, 9) } }",
    "file1.lua:1: limits.body must be a number from 10 to 1000, not a number" },
  { "return { proxy = { header = 'via' } }",
    'file1.lua:1: proxy.header must be one of "x-forwarded-for", "forwarded", not "via"' },
  { "return { cors = { origins = 'https://a' } }",
    'file1.lua:1: cors.origins must be a list of strings, like { "a", "b" }, not "https://a"' },
  { "return { cors = { origins = { 'a', 5 } } }",
    'file1.lua:1: cors.origins must be a list of strings, like { "a", "b" }, not a table' },
  { "return { cors = { origins = { 'a', x = 'b' } } }",
    'file1.lua:1: cors.origins must be a list of strings, like { "a", "b" }, not a table' },
  { "return { account = { limits = 5 } }", "file1.lua:1: account.limits must be a table, not 5" },
  { "return { env = secret 'env:HOME' }", "file1.lua:1: env must be a string, not a secret" },
  { "return { env = list {} }", "file1.lua:1: env must be a string, not a list" },
  { "return { stripe = { key = 'sk_live_written_down' } }",
    'file1.lua:1: stripe.key must be secret "env:NAME" or secret "file:PATH", not a string' },
  { "return { stripe = { key = secret 'env:USHER_TEST_NOT_SET' } }",
    "file1.lua:1: stripe.key: environment variable USHER_TEST_NOT_SET is not set" },
  { "return { stripe = { key = secret 'file:/nowhere/at 100%s%d%n/all' } }",
    "file1.lua:1: stripe.key: file /nowhere/at 100%s%d%n/all cannot be read: No such file or directory" },
  { "return { stripe = { key = secret 'file:/' } }",
    "file1.lua:1: stripe.key: file / cannot be read: Is a directory" },
  { "return { stripe = { key = secret 'file:/dev/null' } }", "file1.lua:1: stripe.key: file /dev/null is empty" },
  { "return { stripe = { key = secret 'sk_live' } }",
    'file1.lua:1: stripe.key: sk_live is neither "env:VARIABLE" nor "file:PATH"' },
  { "return 5", "file1.lua:1: must return a table of settings" },
  { "", "file1.lua:1: must return a table of settings" },
  { "return {\n  env = \n}", "file1.lua:3: unexpected symbol near '}'" },
  { "return { env = os.getenv 'HOME' }",
    "file1.lua:1: attempt to index a nil value (global 'os')" },
  { "\nerror 'mine'", nil },
}

describe("settings that are wrong", function()
  for _, case in ipairs(REFUSED) do
    it("are refused: " .. case[1]:gsub("%s+", " "), function()
      local config, problems = load(case[1])
      assert.is_nil(config)
      assert.equal(1, #problems)
      if case[2] then
        assert.equal(case[2]:gsub("%-?nan", "nan"), (problems[1]:gsub("%-?nan", "nan")))
      else
        assert.matches("^file1%.lua:2: ", problems[1])
      end
    end)
  end

  it("are said all at once, in order", function()
    local config, problems = load("return { evn = 'x', listen = { port = 'x', hots = 'y' } }", "return {")
    assert.is_nil(config)
    assert.equal(4, #problems)
    assert.matches("file1.lua:1: listen.port must", problems[1], 1, true)
    assert.matches("file1.lua:1: unknown setting evn", problems[2], 1, true)
    assert.matches("file1.lua:1: unknown setting listen.hots", problems[3], 1, true)
    assert.matches("file2.lua:1:", problems[4], 1, true)
  end)
end)

describe("settings that are right", function()
  it("have their defaults", function()
    local config = load()
    assert.equal("production", config.env)
    assert.equal(8080, config.listen.port)
    assert.equal(5.0, config.limits.grace)
    assert.equal("x-forwarded-for", config.proxy.header)
    assert.same({}, config.cors.origins)
    assert.is_false(config.tracing)
    assert.same({ seats = 5 }, config.account.limits)
    assert.is_nil(config.stripe.key)
    assert.equal("nobody", config.user)
  end)

  it("are laid over each other, the last word counts", function()
    local config = load("return { env = 'a', listen = { port = 1 } }", "return { env = 'b', tracing = true }")
    assert.equal("b", config.env)
    assert.equal(1, config.listen.port)
    assert.equal("127.0.0.1", config.listen.host)
    assert.is_true(config.tracing)
  end)

  it("may be given in the words of the defaults", function()
    local config = load [[return { limits = { body = between(50, 0, 60), grace = 0 }, cors = { origins = list { "a" } },
      account = { limits = map { seats = 9, more = { 1 } } }, proxy = { header = "forwarded" } }]]
    assert.equal(50, config.limits.body)
    assert.equal(0, config.limits.grace)
    assert.same({ "a" }, config.cors.origins)
    assert.same({ seats = 9, more = { 1 } }, config.account.limits)
    assert.equal("forwarded", config.proxy.header)
  end)

  it("cannot be changed by a script", function()
    local config = load()
    assert.error_matches(function() config.env = "x" end, "config.env cannot be set by a script")
    assert.error_matches(function() config.listen.port = 1 end, "config.listen.port cannot be set")
    assert.error_matches(function() setmetatable(config, {}) end, "protected")
    assert.equal("config", getmetatable(config))
    config.account.limits.seats = 1000
    config.cors.origins[1] = "https://evil.example"
    for _, limits in pairs(config.account) do limits.seats = 1000 end
    assert.same({ seats = 5 }, config.account.limits)
    assert.same({}, config.cors.origins)
    assert.error_matches(function() for name in pairs(config) do config[name] = nil end end, "cannot be set")
  end)

  it("can be walked", function()
    local names = {}
    for name, value in pairs(load()) do names[name] = type(value) end
    assert.equal("table", names.listen)
    assert.equal("string", names.env)
  end)

  it("give secrets as handles", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("sk_test_1\r\n"):close()
    local config = load("return { stripe = { key = secret 'file:" .. path .. "' } }")
    os.remove(path)
    assert.is_true(secret.is(config.stripe.key))
    assert.equal("<secret stripe.key>", tostring(config.stripe.key))
  end)

  it("may lack secrets where a person runs code", function()
    local config = settings.load { lenient = true, { "a", RULES },
      { "b", "return { stripe = { key = secret 'env:USHER_TEST_NOT_SET' } }" } }
    assert.is_nil(config.stripe.key)
  end)
end)
