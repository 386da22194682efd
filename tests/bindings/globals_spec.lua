-- SPDX-License-Identifier: MIT
-- globals: what a script of a flow cannot reach or change. Each row is a script of one set; usher check says what came
-- of all of them, in the Lua state that a flow has.
local folder, json = require "tests.bindings.folder", require "json"

local SECRETS <const> = "USHER_CLIENT_SECRET=a STRIPE_API_KEY=b USHER_SIGNUP_KEY=0123456789012345678901234567890123"
local UNDECLARED <const> = "there is no global '%s': is it misspelt, or is a 'local' missing?"
local WRITTEN <const> = "the global '%s' cannot be set: scripts share nothing that way; is a 'local' missing?"
local READ_ONLY <const> = "%s cannot be set: what usher gives to scripts is read-only"
local PROTECTED <const> = "this table's metatable is protected"
local NO_GC <const> = "a script's metatable has no __gc: use __close, or release it in words"
local NOT_A_NAME <const> = "'%s' is no module's name: words with dots between them"
local NOT_FOUND <const> = "module '%s' not found: no binding, and no script of that name in DIR"
local OUR_OWN <const> = "module '%s' is usher's own, and not for scripts"

local ESCAPES <const> = { -- the script, and what is wrong with it
  -- globals
  { "x = 1", WRITTEN:format "x" },
  { "_G.x = 1", WRITTEN:format "x" },
  { "_ENV.x = 1", WRITTEN:format "x" },
  { "_G[1] = 1", WRITTEN:format "1" },
  { "string = {}", WRITTEN:format "string" },
  { "function helper() end", WRITTEN:format "helper" },
  { "_G = {}", WRITTEN:format "_G" },
  { "(function() y = 1 end)()", WRITTEN:format "y" },
  { "coroutine.wrap(function() y = 1 end)()", WRITTEN:format "y" },
  { "table.insert(_G, 1)", WRITTEN:format "1" },
  { "return nothing", UNDECLARED:format "nothing" },
  { "return _G.nothing", UNDECLARED:format "nothing" },
  { "rawset(_G, 'x', 1)", "rawset: this table is read-only" },
  { "setmetatable(_G, {})", PROTECTED },
  { "setmetatable(_G, nil)", PROTECTED },
  -- libraries and bindings
  { "string.format = nil", READ_ONLY:format "string.format" },
  { "function string.trim() end", READ_ONLY:format "string.trim" },
  { "table.insert = nil", READ_ONLY:format "table.insert" },
  { "math.pi = 3", READ_ONLY:format "math.pi" },
  { "utf8.charpattern = ''", READ_ONLY:format "utf8.charpattern" },
  { "coroutine.wrap = nil", READ_ONLY:format "coroutine.wrap" },
  { "os.time = nil", READ_ONLY:format "os.time" },
  { "debug.traceback = nil", READ_ONLY:format "debug.traceback" },
  { "require 'log'.info = nil", READ_ONLY:format "log.info" },
  { "require 'json'.x = 1", READ_ONLY:format "json.x" },
  { "require 'fail'.is = nil", READ_ONLY:format "fail.is" },
  { "assert(rawget(string, 'len') == string.len and rawget(require 'log', 'info') == require 'log'.info)", false },
  { "assert(rawget(_G, 'type') == type and rawget(_G, 'nothing') == nil and rawget(string, 'dump') == nil)", false },
  { "assert(rawget(setmetatable({ a = 1 }, { __index = { b = 2 }, __newindex = error }), 'b') == nil)", false },
  { "assert(rawget({ a = 1 }, 'a') == 1 and rawget({ 7 }, 1) == 7)", false },
  { "rawget('', 'len')", "bad argument #1 to 'rawget' (table expected, got string)" },
  { "rawget({})", "bad argument #2 to 'rawget' (value expected)" },
  { "rawset(string, 'x', 1)", "rawset: this table is read-only" },
  { "rawset(require 'log', 'x', 1)", "rawset: this table is read-only" },
  { "rawset(require 'config', 'env', 1)", "rawset: this table is read-only" },
  { "require 'config'.env = 'x'", "config.env cannot be set by a script" },
  { "require 'config'.listen.port = 1", "config.listen.port cannot be set by a script" },
  { "return require 'config'.prot", "there is no setting prot; did you mean proxy?" },
  { "setmetatable(string, {})", PROTECTED },
  { "setmetatable(require 'http', { __index = {} })", PROTECTED },
  { "table.sort(string)", false },
  { "table.move({ 1 }, 1, 1, 1, string)", READ_ONLY:format "string.1" },
  { "require 'json'.array(string)", "bad argument #1 to 'array' (has another metatable)" },
  -- metatables
  { "getmetatable('').__index.x = 1", "attempt to index a nil value (field '__index')" },
  { "assert(getmetatable('') == 'string')", false },
  { "assert(getmetatable(string) == 'read-only string')", false },
  { "assert(getmetatable(_G) == 'read-only _G')", false },
  { "assert(getmetatable(require 'config') == 'config')", false },
  { "assert(getmetatable(require 'json'.null) == 'json.null')", false },
  { "assert(getmetatable(require 'json'.array {}) == 'table')", false },
  { "local ok, e = pcall(require 'fail', 422, 'x') assert(not ok and getmetatable(e) == 'table')", false },
  { "local m = {} assert(getmetatable(setmetatable({}, m)) == m)", false },
  { "setmetatable({}, { __gc = print })", NO_GC },
  { "setmetatable({}, { __gc = false })", NO_GC },
  { "setmetatable({}, setmetatable({ __gc = 1 }, nil))", NO_GC },
  { "local m = {} local t = setmetatable({}, m) m.__gc = print setmetatable(t, m)", NO_GC },
  { "setmetatable({}, 1)", "bad argument #2 to 'setmetatable' (nil or table expected, got number)" },
  { "setmetatable('', {})", "bad argument #1 to 'setmetatable' (table expected, got string)" },
  -- what is not there
  { "io.open '/etc/passwd'", UNDECLARED:format "io" },
  { "load 'x = 1'", UNDECLARED:format "load" },
  { "loadstring 'x = 1'", UNDECLARED:format "loadstring" },
  { "loadfile 'x.lua'", UNDECLARED:format "loadfile" },
  { "dofile 'x.lua'", UNDECLARED:format "dofile" },
  { "package.loadlib('x', 'y')", UNDECLARED:format "package" },
  { "warn '@on'", UNDECLARED:format "warn" },
  { "os.execute 'true'", "attempt to call a nil value (field 'execute')" },
  { "os.exit(0)", "attempt to call a nil value (field 'exit')" },
  { "os.getenv 'HOME'", "attempt to call a nil value (field 'getenv')" },
  { "os.remove 'x'", "attempt to call a nil value (field 'remove')" },
  { "os.setlocale ''", "attempt to call a nil value (field 'setlocale')" },
  { "debug.sethook()", "attempt to call a nil value (field 'sethook')" },
  { "debug.getregistry()", "attempt to call a nil value (field 'getregistry')" },
  { "debug.getmetatable ''", "attempt to call a nil value (field 'getmetatable')" },
  { "debug.setupvalue(print, 1, 1)", "attempt to call a nil value (field 'setupvalue')" },
  { "coroutine.running()", "attempt to call a nil value (field 'running')" },
  { "string.dump(print)", "attempt to call a nil value (field 'dump')" },
  { "(''):dump()", "attempt to call a nil value (method 'dump')" },
  { "collectgarbage 'stop'", 'collectgarbage: a script can ask for "count" only' },
  { "collectgarbage()", 'collectgarbage: a script can ask for "count" only' },
  { "assert(collectgarbage 'count' > 0)", false },
  -- require
  { "require 'lib.nothing'", NOT_FOUND:format "lib.nothing" },
  { "require 'io'", NOT_FOUND:format "io" },
  { "require 'package'", NOT_FOUND:format "package" },
  { "require 'busted'", NOT_FOUND:format "busted" },
  { "require '../hello'", NOT_A_NAME:format "../hello" },
  { "require '..hello'", NOT_A_NAME:format "..hello" },
  { "require '/etc/passwd'", NOT_A_NAME:format "/etc/passwd" },
  { "require 'lib/good'", NOT_A_NAME:format "lib/good" },
  { "require 'lib..good'", NOT_A_NAME:format "lib..good" },
  { "require ''", NOT_A_NAME:format "" },
  { "require 'lib.good\\0.x'", "bad argument #1 to 'require' (a NUL is in the name)" },
  { "require(('x'):rep(128))", NOT_A_NAME:format(("x"):rep(128)) },
  { "require '.hidden'", NOT_A_NAME:format ".hidden" },
  { "require 'sqlite'", OUR_OWN:format "sqlite" },
  { "require 'answer'", OUR_OWN:format "answer" },
  { "require 'request'", OUR_OWN:format "request" },
  { "require 'globals'", OUR_OWN:format "globals" },
  { "require 'reload'", OUR_OWN:format "reload" },
  { "require 'commands.inspect'", NOT_FOUND:format "commands.inspect" },
  { "require 'sandbox'", NOT_FOUND:format "sandbox" },
  { "assert(require 'lib.good' == require 'lib.good')", false },
  { "assert(require 'log' == require 'log')", false },
}

-- Circles, bytecode, and a function that every view lets through
local FILES <const> = {
  ["routes.lua"] = "return {}",
  ["lib/good.lua"] = "return {}",
  ["lib/a.lua"] = "return require 'lib.b'",
  ["lib/b.lua"] = "local _ = 1\nreturn require 'lib.c'",
  ["lib/c.lua"] = "local ok = pcall(require, 'lib.a') assert(not ok)\nreturn require 'lib.a'",
  ["lib/bytecode.lua"] = string.dump(function() end),
  ["lib/later.lua"] = [[
    local called, t = false, {}
    local metatable = {}
    setmetatable(t, metatable)
    metatable.__gc = function() called = true end
    t = nil
    for _ = 1, 200000 do local _ = {} end -- more than a cycle of the collector
    assert(not called, "a __gc that came late was called")
  ]],
  ["lib/shown.lua"] = [[
    for _, name in ipairs { "attribute_value", "aws", "background", "clock", "cognito", "crypto", "dynamodb", "fail",
      "form", "http", "json", "jwt", "lambda", "lifecycle", "limiter", "log", "marks", "metrics", "oidc",
      "random", "secret", "ses", "slack", "stripe", "task", "trace", "unicode" } do
      local module = require(name)
      if type(module) == "table" then
        assert(not pcall(function() module.x = 1 end), name)
        for key, value in pairs(module) do
          assert(type(value) ~= "table" or not pcall(function() value.x = 1 end), name .. "." .. key)
        end
      end
    end
  ]],
  ["lib/found.lua"] = [[
    local names = {}
    for name in pairs(_G) do names[#names + 1] = name end
    table.sort(names)
    assert(table.concat(names, " ") == "_G _VERSION assert collectgarbage coroutine debug error getmetatable ipairs "
      .. "math next os pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table "
      .. "tonumber tostring type utf8 xpcall")
  ]],
}

local OTHERS <const> = { -- file, line, message
  { "lib/bytecode.lua", 1, "attempt to load a binary chunk (mode is 't')" },
  { "lib/c.lua", 2, "modules require each other in a circle: lib.a -> lib.b -> lib.c -> lib.a" },
  { "lib/a.lua", 1, "modules require each other in a circle: lib.b -> lib.c -> lib.a -> lib.b" },
  { "lib/b.lua", 2, "modules require each other in a circle: lib.c -> lib.a -> lib.b -> lib.c" },
}

local function name_of(i) return ("lib/row%03d.lua"):format(i) end

local function check(path)
  local _, text = folder.run("check --json --scripts " .. path, SECRETS)
  local said = {}
  for _, fault in ipairs(json.decode(text).faults) do
    assert(fault.file, fault.message)
    local place = ("%s:%d"):format(fault.file:sub(#path + 2), fault.line)
    said[place] = fault.message:gsub(path, "DIR"):gsub("^DIR/lib/row%d+.lua:1: ", "")
  end
  return said
end

describe("a script", function()
  local said
  setup(function()
    local files = {}
    for name, text in pairs(FILES) do files[name] = text end
    for i, row in ipairs(ESCAPES) do files[name_of(i)] = row[1] end
    folder.with(files, function(path) said = check(path) end)
  end)

  for i, row in ipairs(ESCAPES) do
    it((row[2] and "cannot " or "can ") .. row[1], function()
      assert.equal(row[2] or nil, said[name_of(i) .. ":1"])
    end)
  end

  it("cannot be in a circle, nor bytecode", function()
    for _, wanted in ipairs(OTHERS) do assert.equal(wanted[3], said[wanted[1] .. ":" .. wanted[2]]) end
  end)

  it("has nothing else that is wrong", function()
    for i in ipairs(ESCAPES) do said[name_of(i) .. ":1"] = nil end
    for _, wanted in ipairs(OTHERS) do said[wanted[1] .. ":" .. wanted[2]] = nil end
    assert.same({}, said)
  end)
end)
