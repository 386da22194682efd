-- SPDX-License-Identifier: MIT
-- Small stand-ins for what flows and triggers call: cognito, dynamodb, stripe, slack, clock, log, metrics and
-- the settings.
-- install() puts them into package.loaded, forgets the scripts that may hold older ones, and returns the
-- world to look at: world.table, users, mails, customers, methods, links, told, calls, counts, logs, now.
-- world:fail("stripe.create_customer", {…}) makes the next call fail; after=true lets it take effect first,
-- as when only the answer is lost.
local cognito, dynamodb = require "tests.scripts.fake_cognito", require "tests.scripts.fake_dynamodb"
local copy, stripe = require "tests.scripts.copy", require "tests.scripts.fake_stripe"

local fakes = {}

local FLOWS_AND_LIBS <const> = { "^lib%.", "^flows%.", "^hooks%.", "^triggers%." }


local function settings()
  return {
    env = "test", aws = {}, cognito = {}, dynamodb = { table = "T" }, stripe = { attach = "at_signup", pause = 30 },
    account = { cell_id = "cell-1", cloud_provider = "AWS", limits = { max_indexes = 5 } },
    api_key = { prefix = "usher" },
    sso = { provider = "Google", card = "none", state_ttl = 600, console_url = "https://console.example" },
    signup = { key = "0123456789abcdef0123456789abcdef", lease = 30, ttl = 604800, max_cards = 3 },
    attempts = { per_address = 0, per_email = 0, overall = 0, cards_per_address = 0 },
    slack = { webhook = "a secret", timeout = 2 },
    triggers = { internal_domains = { "marqo.ai", "s2search.io", "mailinator.com" }, deny = {}, allow = {},
      disposable = { "yopmail.com" }, provider = "", call_timeout = 1.5, timeout = 4.5 },
    outbox = { interval = 5, first_delay = 5, max_delay = 3600, attempts = 4, lease = 60, shards = 2 },
    captcha = { provider = "off" },
    confirm = { require_proof = "always" }, resend = { interval = 60, per_hour = 5 },
    password = { min_length = 8, require_lowercase = true, require_uppercase = true, require_numbers = true,
      require_symbols = true },
  }
end


local World = {}
World.__index = World


-- The next call of this name fails with err. options: after = true, times = n.
function World:fail(name, err, options)
  options = options or {}
  self.faults[name] = { err = err, after = options.after, times = options.times or 1 }
end


-- Every function of a fake is noted in world.calls, and may be told to fail.
local function wrap(world, name, functions)
  local wrapped = {}
  for word, fn in pairs(functions) do
    local full = name .. "." .. word
    wrapped[word] = function(...)
      world.calls[#world.calls + 1] = full
      local fault = world.faults[full]
      if not fault or fault.times == 0 then return fn(...) end
      fault.times = fault.times - 1
      if fault.after then fn(...) end
      return nil, copy(fault.err)
    end
  end
  return wrapped
end


function World:called(name)
  local n = 0
  for _, call in ipairs(self.calls) do
    if call == name then n = n + 1 end
  end
  return n
end


-- "SIGNUP_FAILURE stripe" -> how often
function World:count(name)
  return self.counts[name] or 0
end


-- All rows as "pk sk", sorted, without the intents and the records of Idempotency-Keys.
function World:rows()
  local list = {}
  for _, item in pairs(self.table) do
    local is_ours = item.sk == "INTENT" or item.pk:find("^IDEMPOTENCY#")
    if not is_ours then list[#list + 1] = item.pk .. " " .. item.sk end
  end
  table.sort(list)
  return list
end


function World:item(pk, sk)
  return self.table[pk .. "\0" .. sk]
end


-- What the outbox keeps, in no order.
function World:messages()
  local list = {}
  for _, item in pairs(self.table) do
    if item.pk:find("^OUTBOX#") then list[#list + 1] = item end
  end
  return list
end


function World:intent()
  for _, item in pairs(self.table) do
    if item.sk == "INTENT" then return item end
  end
end


local function slack(world)
  return wrap(world, "slack", {
    escape = require "slack".escape,
    post = function(text)
      world.told[#world.told + 1] = text
      return true
    end,
  })
end


local function clock(world)
  return {
    now = function() return world.now end,
    monotonic = function() return world.now end,
    iso8601 = function(t) return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(t or world.now)) end,
    sleep = function(seconds) world.now = world.now + seconds end,
  }
end


local function log(world)
  local function write(level)
    return function(event, fields)
      world.logs[#world.logs + 1] = { level = level, event = event, fields = copy(fields) }
    end
  end
  return { debug = write "debug", info = write "info", warn = write "warn", error = write "error" }
end


local function metrics(world)
  return {
    count = function(name, n, dims)
      local key = dims and dims.step and name .. " " .. dims.step or name
      world.counts[key] = (world.counts[key] or 0) + (n or 1)
    end,
    gauge = function() end,
    observe = function() end,
    describe = function() end,
  }
end


function fakes.install()
  local world = setmetatable({
    table = {}, tokens = {}, users = {}, mails = {}, customers = {}, methods = {}, keys = {}, faults = {},
    calls = {}, counts = {}, logs = {}, links = {}, told = {}, codes = 100000,
    subs = 0, ids = 0, now = 1767225600.0,
    config = settings(),
  }, World)
  for name in pairs(package.loaded) do
    for _, pattern in ipairs(FLOWS_AND_LIBS) do
      if name:find(pattern) then package.loaded[name] = nil end
    end
  end
  package.loaded.config, package.loaded.clock = world.config, clock(world)
  package.loaded.log, package.loaded.metrics = log(world), metrics(world)
  package.loaded.cognito, package.loaded.dynamodb = cognito(world, wrap), dynamodb(world, wrap)
  package.loaded.slack = nil
  package.loaded.stripe, package.loaded.slack = stripe(world, wrap), slack(world)
  return world
end


local count = 0

-- A request as a handler sees it. headers: lower-case names. cookie: the value of Set-Cookie of an answer.
function fakes.request(body, headers, cookie)
  headers = headers or {}
  count = count + 1
  return {
    id = "req-" .. count, method = "POST", remote = "192.0.2.1", remote_key = fakes.remote_key or "192.0.2.1",
    header = function(_, name) return headers[name:lower()] end,
    cookie = function(_, name)
      local found, value = (cookie or ""):match("^([^=]+)=([^;]*)")
      return found == name and value or nil
    end,
    json = function() return body end,
    gone = function() return fakes.gone == true end,
    half_closed = function() return false end,
  }
end


-- The reply of a handler, also when it failed: { status =, json =, headers =, code =, fields = }.
function fakes.call(handler, ...)
  local ok, result = pcall(handler, fakes.request(...))
  if ok then return result end
  if require "fail".is(result) then return result end
  error(result, 0)
end


return fakes
