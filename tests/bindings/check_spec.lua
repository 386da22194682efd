-- SPDX-License-Identifier: MIT
-- `usher check`: says every fault of settings and scripts, with file and line, and what serve would do.
local folder = require "tests.bindings.folder"

local SECRETS <const> = "USHER_CLIENT_SECRET=a STRIPE_API_KEY=b USHER_SIGNUP_KEY=0123456789012345678901234567890123"
local HELLO <const> = "return function() return { body = 'hello' } end"
local ROUTES <const> = "return { { 'GET', '/hello', 'hello' } }"

local SCRIPTS <const> = { -- what is wrong, the files, the exit code, what is said (with DIR for the folder)
  { "nothing", { ["routes.lua"] = ROUTES, ["hello.lua"] = HELLO }, 0, "settings and 2 scripts are good" },
  { "a module in a folder", { ["routes.lua"] = "return { { 'GET', '/', 'a.b' } }", ["a/b/init.lua"] = HELLO }, 0,
    "2 scripts" },
  { "syntax", { ["routes.lua"] = ROUTES, ["hello.lua"] = HELLO, ["other.lua"] = "local x = 1\nlocal y =\n" }, 1,
    "DIR/other.lua:3: unexpected symbol near <eof>" },
  { "syntax, twice", { ["routes.lua"] = ROUTES, ["hello.lua"] = "x =", ["lib/a.lua"] = "return {" }, 1, "2 faults" },
  { "a missing module", { ["routes.lua"] = ROUTES, ["hello.lua"] = "\nlocal x = require 'lib.nothing'\n" }, 1,
    "DIR/hello.lua:2: module 'lib.nothing' not found" },
  { "a route to nothing", { ["routes.lua"] = ROUTES }, 1, "DIR/routes.lua:1: GET /hello: module 'hello' not found" },
  { "a route to a table", { ["routes.lua"] = ROUTES, ["hello.lua"] = "return {}" }, 1,
    "DIR/routes.lua:1: GET /hello: module hello must return a function" },
  { "routes that are none", { ["routes.lua"] = "return 5" }, 1, "DIR/routes.lua:1: must return a list of routes" },
  { "no routes", { ["hello.lua"] = HELLO }, 1, "module 'routes' not found" },
  { "an error at the top", { ["routes.lua"] = ROUTES, ["hello.lua"] = "\n\nerror 'mine'" }, 1,
    "DIR/hello.lua:3: mine" },
  { "I/O at the top", { ["routes.lua"] = ROUTES, ["hello.lua"] = "require('clock').sleep(0)" }, 1,
    "DIR/hello.lua:1: this waits for I/O, which only a task can" },
  { "a broken job", { ["routes.lua"] = ROUTES, ["hello.lua"] = HELLO, ["jobs.lua"] = "require 'background'.every(0)" },
    1, "DIR/jobs.lua:1:" },
  { "a job that needs what is not there",
    { ["routes.lua"] = ROUTES, ["hello.lua"] = HELLO, ["jobs.lua"] = "require 'lib.jobs'" }, 1,
    "module 'lib.jobs' not found" },
  { "bytecode", { ["routes.lua"] = ROUTES, ["hello.lua"] = string.dump(function() end) }, 1,
    "attempt to load a binary chunk" },
  { "a script that is a folder", { ["routes.lua"] = ROUTES, ["hello.lua/x"] = "" }, 1,
    "DIR/hello.lua is a folder; a script is a file" },
}

local SETTINGS <const> = { -- what the file says, the exit code, what is said (with DIR)
  { "return {}", 0, "are good" },
  { "return { listen = { prot = 80 } }", 1,
    "DIR/c.lua:1: unknown setting listen.prot; did you mean listen.port?" },
  { "return {\n  env =\n}", 1, "DIR/c.lua:3: unexpected symbol near '}'" },
  { "return { cors = { origins = { 'https://a.example/' } } }", 1,
    'cors.origins: "https://a.example/" is not an origin' },
  { "return { cors = { origins = { '*' } } }", 1, 'cors.origins: "*" is not an origin' },
  { "return { listen = { host = 'localhost' } }", 1,
    'listen.host must be an IPv4 or IPv6 address, not "localhost"' },
  { "return { admin = { host = '::1' } }", 0, "are good" },
}

local function said(wanted, code, arguments, environment, path)
  local found, text = folder.run(arguments, environment)
  wanted = wanted:gsub("DIR", (path:gsub("%%", "%%%%")))
  assert.is_truthy(text:find(wanted, 1, true), text .. "\nlacks: " .. wanted)
  assert.equal(code, found)
end

describe("usher check", function()
  for _, case in ipairs(SCRIPTS) do
    it("of scripts with " .. case[1], function()
      folder.with(case[2], function(path) said(case[4], case[3], "check --scripts " .. path, SECRETS, path) end)
    end)
  end

  for _, case in ipairs(SETTINGS) do
    it("of settings that say " .. case[1]:gsub("%s+", " "), function()
      folder.with({ ["c.lua"] = case[1] }, function(path)
        said(case[3], case[2], "check --config " .. path .. "/c.lua", SECRETS, path)
      end)
    end)
  end

  it("of secrets that are missing says each of them", function()
    local code, text = folder.run("check", "-i USHER_CLIENT_SECRET=a")
    assert.equal(1, code)
    assert.matches("stripe.key: environment variable STRIPE_API_KEY is not set", text, 1, true)
    assert.matches("signup.key: environment variable USHER_SIGNUP_KEY is not set", text, 1, true)
    assert.is_nil(text:find("USHER_CLIENT_SECRET", 1, true))
  end)

  it("of a folder or a file that is not there says so", function()
    said("/nowhere/scripts: no such file or directory; --scripts takes a folder", 1,
      "check --scripts /nowhere/scripts", SECRETS, "")
    said("/nowhere/c.lua: No such file or directory; --config takes a file", 1, "check --config /nowhere/c.lua",
      SECRETS, "")
    said("/: Is a directory; --config takes a file", 1, "check --config /", SECRETS, "")
  end)
end)
