-- SPDX-License-Identifier: MIT
-- bindings: one world of testing.lua. It speaks to the scripts as a browser or Lambda would, looks into the sandbox's
-- stores, breaks calls, and moves the time. What the scripts fetch is answered by world_services.lua.
local clock, json, modules = require "clock", require "json", require "modules"
local testing_request, universe = require "testing_request", require "universe"
local settings, services = require "world_settings", require "world_services"
local watching = require "world_watching"

local World = {}
World.__index = World

-- world -> its require, for this file and what it hands it to: a spec gets at no module of usher's own, because specs
-- run where usher serves, too.
local inside = setmetatable({}, { __mode = "k" })


local function new(changes)
  local self = setmetatable({ logs = {}, clock = {} }, World)
  local config = settings(changes)
  local given = watching.modules(self)
  given.config, given.request = config, {}
  services.add(self, given, function(name) return inside[self](name) end)
  given.fresh_scripts = function(name) return inside[self](name) end
  self.config, inside[self] = config, universe.new(given, { as_flows = true })
  self.clock.now = clock.now
  self.clock.advance = function(seconds) clock.sleep(seconds) end
  return self
end


-- world:require "lib.account" -> the module, of this world. What a spec requires by itself is not of it.
function World:require(name)
  if modules.hides(name) then error(("module '%s' is usher's own, and not for scripts"):format(name), 2) end
  return inside[self](name)
end


-- --- asking ---

local function headers_of(options)
  local headers = {}
  for name, value in pairs(options.headers or {}) do headers[name:lower()] = value end
  if options.json ~= nil then headers["content-type"] = headers["content-type"] or "application/json" end
  local cookies = {}
  for name, value in pairs(options.cookies or {}) do cookies[#cookies + 1] = name .. "=" .. value end
  table.sort(cookies)
  if #cookies > 0 then headers.cookie = table.concat(cookies, "; ") end
  return headers
end

local function ask(self, handler, method, target, options)
  local request = testing_request.new({
    listener = options.listener or "public", method = method, target = target, headers = headers_of(options),
    body = options.json ~= nil and json.encode(options.json, { sorted = true }) or options.body,
    remote = options.remote, id = options.id,
  }, inside[self] "request_methods")
  return testing_request.reply(inside[self] "answer"(handler)(request))
end

-- One request through the router -> { status=, headers=, cookies=, body=, json= }. options: json= or body=, headers=,
-- cookies= { name = value }, remote= "192.0.2.1", listener= "public" or "admin". Yields.
function World:request(method, target, options)
  return ask(self, inside[self] "router", method, target, options or {})
end

function World:get(target, options)
  return self:request("GET", target, options)
end

function World:post(target, body, options)
  local all = { json = body }
  for name, value in pairs(options or {}) do all[name] = value end
  return self:request("POST", target, all)
end

-- A flow by its module's name, without a route; options as of request, and method=, target=. Yields.
function World:call(module, options)
  options = options or {}
  return ask(self, self:require(module), options.method or "POST", options.target or "/", options)
end

-- -> one that keeps its cookies: browser:get(target, options), browser:post(target, body, options)
function World:browser()
  local world, browser = self, { cookies = {} }
  local function keep(reply)
    for name, value in pairs(reply.cookies) do browser.cookies[name] = value ~= "" and value or nil end
    return reply
  end
  local function with_cookies(options)
    local all = { cookies = browser.cookies }
    for name, value in pairs(options or {}) do all[name] = value end
    return all
  end
  function browser:get(target, options) -- luacheck: ignore self
    return keep(world:get(target, with_cookies(options)))
  end
  function browser:post(target, body, options) -- luacheck: ignore self
    return keep(world:post(target, body, with_cookies(options)))
  end
  return browser
end


-- --- looking ---

-- The mails, newest first; to one address, or all.
function World:mails(to)
  return self:require "sandbox.mailbox".list(to)
end

-- The code of the newest mail to an address | nil
function World:code(to)
  local mail = self:mails(to)[1]
  return mail and mail.code
end

-- What Slack was told, oldest first: { text=, payload=, sent_at= }
function World:slack()
  return self:require "sandbox.slack".list()
end

-- The people of the user pool: { username=, sub=, status=, enabled=, attributes= }. Yields.
function World:users()
  return self:unbroken(function() return assert(self:require "cognito".list_users()) end)
end

-- All items of the table as plain values, in order of pk and sk. Yields.
function World:items()
  local items = self:unbroken(function()
    local list, dynamodb = {}, self:require "dynamodb"
    for item in dynamodb.each(dynamodb.scan, {}) do list[#list + 1] = item end
    return list
  end)
  table.sort(items, function(a, b)
    if a.pk ~= b.pk then return a.pk < b.pk end
    return a.sk < b.sk
  end)
  return items
end

-- One item | nil. Yields.
function World:item(pk, sk)
  return self:unbroken(function() return self:require "dynamodb".get { key = { pk = pk, sk = sk } } end)
end

-- Stripe's customers, oldest first. Yields.
function World:customers()
  local list, found = {}, self:unbroken(function()
    return assert(self:require "stripe".list_customers { limit = 100 }).data
  end)
  for i = #found, 1, -1 do list[#list + 1] = found[i] end
  return list
end

-- The calls that the services had, oldest first: { number=, service=, operation=, at=, fault= }; of one service, or
-- all.
function World:calls(service)
  local list = {}
  for _, call in ipairs(self:require "sandbox.faults".calls()) do
    if not service or call.service == service then list[#list + 1] = call end
  end
  return list
end

-- How much was counted under a name of metrics, with all of the labels given.
function World:metric(name, labels)
  return watching.total(self, name, labels or {})
end


-- --- breaking ---

-- Breaks calls of a service, as POST /faults of `usher dev` does: { service=, operation=, kind=, nth=, count=,
-- match=, error= } -> fault, whose `fired` says how often it did.
function World:fault(fields)
  local fault, problem = self:require "sandbox.faults".arm(fields)
  return fault or error("world:fault: " .. problem, 2)
end

-- No call is broken any more.
function World:mend()
  self:require "sandbox.faults".clear()
end

-- Runs fn with no fault in its way, and leaves no trace in calls.
function World:unbroken(fn)
  return self:require "sandbox.faults".aside(fn)
end

-- Turns a fact that varies between reports of the real services (sandbox/settings.lua has them).
function World:switch(name, value)
  local switches = self:require "sandbox.settings".switches
  if type(switches[name]) ~= type(value) then error(("world:switch: no switch %s of this type"):format(name), 2) end
  switches[name] = value
end

-- A service that is not of the sandbox: whatever is fetched below this URL, handler(request) -> reply answers.
function World:serve(url, handler)
  services.serve(self, url, handler)
end


return { new = new }
