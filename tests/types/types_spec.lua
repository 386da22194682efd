-- SPDX-License-Identifier: MIT
-- scripts/.types says what scripts can call: every module that they can require, every function, both ways.
local reader = dofile "tests/types/reader.lua"
local grammar = dofile "tests/types/grammar.lua"
local config_types = dofile "tests/types/config_types.lua"

-- Type files that are of no binding
local OTHERS <const> = { config = true, shapes = true }

-- The objects of modules written in Lua: the table of their methods
local OBJECTS <const> = {
  ["testing.world"] = function()
    local testing = require "testing"
    local world = getmetatable(testing.world()).__index
    testing.finish()
    return world
  end,
  ["dynamodb.set"] = function() return getmetatable(require "dynamodb".set { "a" }).__index end,
}

-- Classes of tables that scripts give -> where usher reads them, and as what; a name that is read in another way
local SHAPES <const> = {
  { "usher.Reply", "bindings/answer.lua", "%f[%w]reply%.(%w+)" },
  { "usher.Command", "bindings/commands.lua", "%f[%w]command%.(%w+)", "help" },
  { "usher.fail.Extra", "bindings/fail.lua", "%f[%w]extra%.([%w_]+)" },
  { "usher.http.Request", "bindings/http.c", "http%.fetch: ([%w_]+):", "repeatable" },
  { "usher.aws.Request", "bindings/aws.lua", "%f[%w]request%.([%w_]+)" },
  { "usher.lambda.Invocation", "bindings/lambda.lua", "%f[%w]wanted%.([%w_]+)" },
  { "usher.ses.Mail", "bindings/ses.lua", "%f[%w]mail%.([%w_]+)" },
  { "usher.stripe.Options", "bindings/stripe.lua", "%f[%w]opts%.([%w_]+)", "look" },
  { "usher.oidc.Expected", "bindings/oidc.lua", "%f[%w]expected%.([%w_]+)" },
  { "usher.arguments.Wanted", "bindings/arguments.lua", "%f[%w]wanted%.([%w_]+)" },
}

-- The tags of annotations -> the names in the type that stands behind them
local function after_name(text)
  return grammar.read(text:match "^[%w_.]+%??%s+(.*)$" or text:match "^%[%w+%]%s+(.*)$" or "")
end

local function nothing()
  return {}
end

local TAGS <const> = {
  param = after_name,
  field = after_name,
  alias = after_name,
  ["return"] = grammar.read,
  overload = grammar.read,
  type = grammar.read,
  class = nothing, meta = nothing, generic = nothing,
}

local c_files = reader.stems("bindings", "%.c")


local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return table.concat(names, " ")
end


-- What scripts can require, and what else there is a type file of: a request's methods, modules for commands.
local function bindings()
  local found = {}
  for _, list in ipairs { reader.shown(), reader.stems("scripts/.types", "%.lua") } do
    for _, name in ipairs(list) do found[name] = not OTHERS[name] or nil end
  end
  return found
end


-- The parameters of a Lua function, or nil of a C function
local function parameters(fn)
  local info = debug.getinfo(fn, "uS")
  if info.what == "C" then return nil end
  local names = {}
  for i = 1, info.nparams do names[i] = debug.getlocal(fn, i) end
  if info.isvararg then names[#names + 1] = "..." end
  if names[1] == "self" then table.remove(names, 1) end
  return table.concat(names, ", ")
end


local function kinds(shape)
  local set = {}
  for key, value in pairs(shape) do
    set[(type(value) == "function" and "function " or "value ") .. tostring(key)] = true
  end
  return set
end


local function same_parameters(fn, typed, where)
  local real = parameters(fn)
  if real then assert.equal(real, table.concat(typed.params, ", "), where) end
end


-- Is b a function of the module a, or a setting of the section a? nil: a is neither, or a.b a file
local function is_named(a, b)
  local ok, section = pcall(function() return require "config"[a] end)
  local is_section, is_module = ok and type(section) == "table", bindings()[a] and a ~= "request"
  if b == "lua" or b == "json" or not (is_section or is_module) then return nil end
  local is_setting = is_section and pcall(function() return section[b] end)
  return is_setting or is_module and require(a)[b] ~= nil
end


describe("the types of", function()
  for name in pairs(bindings()) do
    it("module " .. name .. " are those of the module", function()
      local typed, real, shape = reader.types(name), require(name), reader.shape(name)
      if name == "request" then real = require "request_methods" end
      assert.equal(name == "request" and "_" or name, typed.meta)
      assert.equal(sorted(kinds(real)), sorted(kinds(shape)))
      for _, fn in ipairs(typed.functions) do
        if fn.receiver == typed.returns then same_parameters(real[fn.name], fn, name .. "." .. fn.name) end
      end
    end)

    it("module " .. name .. " have the methods of its objects", function()
      local typed, registered, methods = reader.types(name), reader.c_table(name, c_files), {}
      for _, fn in ipairs(typed.functions) do
        if fn.receiver ~= typed.returns and not registered then
          local object = name .. "." .. fn.receiver
          local real = assert(OBJECTS[object], object .. " is not in OBJECTS")()
          same_parameters(assert(real[fn.name], object .. ":" .. fn.name), fn, object .. ":" .. fn.name)
          methods[object] = methods[object] or {}
          methods[object][fn.name] = true
        end
      end
      for object, known in pairs(methods) do
        local real = {}
        for key, value in pairs(OBJECTS[object]()) do
          if type(value) == "function" and not tostring(key):find "^__" then real[key] = true end
        end
        assert.equal(sorted(real), sorted(known), object)
      end
    end)

    it("module " .. name .. " name what its C tables register, and where it waits", function()
      local registered = reader.c_table(name, c_files)
      if not registered then return end
      local known = {}
      for _, fn in ipairs(reader.types(name).functions) do
        local comment = registered[fn.name]
        known[fn.name] = true
        if comment then
          assert.equal(comment:find "Yields" ~= nil, fn.docs:find "Yields" ~= nil, name .. "." .. fn.name)
        end
      end
      for method in pairs(name == "request" and require "request_methods" or {}) do registered[method] = "" end
      assert.equal(sorted(registered), sorted(known))
    end)

    it("module " .. name .. " say of each function what it takes and whether it waits", function()
      for _, fn in ipairs(reader.types(name).functions) do
        local where, documented = name .. "." .. fn.name, {}
        for param in fn.docs:gmatch "%-%-%-@param ([%w_.]+)%?? " do documented[#documented + 1] = param end
        assert.same(fn.params, documented, where)
        assert.is_true(fn.docs:find "Yields" ~= nil or fn.docs:find "Does not yield" ~= nil, where)
      end
    end)
  end

  it("tables that scripts give have the fields that usher reads", function()
    local classes = reader.annotations().classes
    for _, row in ipairs(SHAPES) do
      local class, path, pattern, other = table.unpack(row)
      local read, typed = reader.words(path, pattern), classes[class]
      if other then read[other], typed[other] = nil, nil end
      assert.equal(sorted(read), sorted(typed), class)
    end
  end)

  it("each name that is used is declared, and once", function()
    local found = reader.annotations()
    for name, stem in pairs(found.used) do assert.is_number(found.names[name], stem .. ": " .. name) end
    for name, times in pairs(found.names) do assert.equal(1, times, name) end
  end)

  it("each annotation is one that LuaLS knows, and its type is a type", function()
    local declared = reader.annotations().names
    for where, tag, text in reader.tags() do
      local is_typed, names = pcall(TAGS[tag] or error, text)
      assert.is_true(is_typed, where .. tostring(names))
      for _, name in ipairs(names) do assert.is_number(declared[name], where .. name) end
    end
  end)

  it("what is no type is told", function()
    for _, text in ipairs { "", "{ a string }", "table<string", "string|", '"a', "fun(", "{ a: }", "string]", "[]" } do
      assert.is_false(pcall(grammar.read, text), text)
    end
    for _, text in ipairs { "string", "string? why", '"a"|"b"[]', "{ a: string, [integer]: T }?", "fun()",
      "fun(a: any, ...): T? b", "table<string, (T|false)[]>", "{ a?: fun(): number }" } do
      assert.same({}, (grammar.read(text)), text)
    end
  end)

  for _, path in ipairs { "README.md", "scripts/README.md" } do
    it("functions and settings that " .. path .. " names are there", function()
      for line, a, b in reader.named(path) do
        local is_there = is_named(a, b)
        assert.is_true(is_there ~= false, ("%s:%d: there is no %s.%s"):format(path, line, a, b))
      end
    end)
  end

  it("a request name all its strings", function()
    local text, fields = reader.text "scripts/.types/request.lua", {}
    for name in text:gmatch "%-%-%-@field ([%w_]+) string" do fields[name] = true end
    local real = {}
    for _, name in ipairs(reader.request_properties()) do real[name] = true end
    assert.equal(sorted(real), sorted(fields))
  end)

  it("the settings are made of config/usher.lua", function()
    local command = "build/dev/usher exec tests/types/config_types.lua write"
    assert.equal(config_types(reader.text "config/usher.lua"), reader.text "scripts/.types/config.lua",
      "config/usher.lua has changed: " .. command)
  end)
end)
