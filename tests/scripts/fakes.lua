-- SPDX-License-Identifier: MIT
-- Small stand-ins for what flows and triggers call: cognito, dynamodb, stripe, slack, clock, log, metrics and
-- the settings.
-- install() puts them into package.loaded, forgets the scripts that may hold older ones, and returns the
-- world to look at: world.table, users, mails, customers, methods, links, told, calls, counts, logs, now.
-- world:fail("stripe.create_customer", {…}) makes the next call fail; after=true lets it take effect first,
-- as when only the answer is lost.
local assert = require "luassert"
local expression = require "tests.scripts.fake_expression"

local fakes = {}

local FLOWS_AND_LIBS <const> = { "^lib%.", "^flows%.", "^hooks%.", "^triggers%." }


local function copy(value)
  if type(value) ~= "table" then return value end
  local result = setmetatable({}, getmetatable(value))
  for name, entry in pairs(value) do result[copy(name)] = copy(entry) end
  return result
end


local function settings()
  return {
    env = "test", aws = {}, cognito = {}, dynamodb = { table = "T" }, stripe = { attach = "at_signup", pause = 30 },
    account = { cell_id = "cell-1", cloud_provider = "AWS", limits = { max_indexes = 5 } },
    api_key = { prefix = "usher" }, sso = { card = "none", state_ttl = 600, console_url = "https://console.example" },
    signup = { key = "0123456789abcdef0123456789abcdef", lease = 30, ttl = 604800, max_cards = 3 },
    attempts = { per_address = 0, per_email = 0, overall = 0, cards_per_address = 0 },
    slack = { webhook = "a secret", timeout = 2 },
    triggers = { internal_domains = { "marqo.ai", "s2search.io", "mailinator.com" }, deny = {}, allow = {},
      disposable = { "yopmail.com" }, provider = "Google", call_timeout = 1.5, timeout = 4.5 },
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


function World:intent()
  for _, item in pairs(self.table) do
    if item.sk == "INTENT" then return item end
  end
end


local FAILED <const> = "ConditionalCheckFailedException"

local function dynamodb(world)
  local function slot(key) return key.pk .. "\0" .. key.sk end

  -- -> the item after the change (false: gone) | nil, the item that did not fit
  local function changed(kind, request)
    local at = slot(request.item or request.key)
    local item = world.table[at]
    if not expression.holds(request.condition, item or {}, request.values) then return nil, item end
    if kind == "put" then return copy(request.item) end
    if kind == "delete" then return false end
    if kind == "check" then return item or false end
    return expression.update(copy(item) or copy(request.key), copy(request))
  end

  local function write(kind, request)
    local item, old = changed(kind, request)
    if item == nil then
      return nil, { code = FAILED, item = request.return_old_on_failure and copy(old) or nil, status = 400 }
    end
    local at = slot(request.item or request.key)
    local before = world.table[at]
    world.table[at] = item or nil
    if request.returns == "ALL_OLD" then return copy(before or {}) end
    return request.returns and copy(item) or true
  end

  return wrap(world, "dynamodb", {
    put = function(request) return write("put", request) end,
    update = function(request) return write("update", request) end,
    delete = function(request) return write("delete", request) end,
    get = function(request) return copy(world.table[slot(request.key)]) end,
    query = function(request)
      local list = {}
      for _, item in pairs(world.table) do
        if expression.holds(request.key_condition, item, request.values) then list[#list + 1] = copy(item) end
      end
      table.sort(list, function(a, b) return a.sk < b.sk end)
      return list
    end,
    batch_write = function(request)
      for _, key in ipairs(request.delete or {}) do world.table[slot(key)] = nil end
      return true
    end,
    transact_write = function(request)
      local token = request.token
      if token and world.tokens[token] then
        assert.same(world.tokens[token], request.items, "the same token must come with the same items")
        return true
      end
      local reasons, broken = {}, false
      for i, action in ipairs(request.items) do
        local kind, body = next(action)
        local item, old = changed(kind, body)
        reasons[i] = { code = item == nil and "ConditionalCheckFailed" or "None",
          item = item == nil and body.return_old_on_failure and copy(old) or nil }
        broken = broken or item == nil
      end
      if broken then
        return nil, { code = "TransactionCanceledException", status = 400, reasons = reasons }
      end
      for _, action in ipairs(request.items) do write(next(action)) end
      if token then world.tokens[token] = copy(request.items) end
      return true
    end,
  })
end


local function cognito(world)
  local function find(name)
    for _, user in ipairs(world.users) do
      if user.username == name or user.attributes.email == name then return user end
    end
  end
  local function err(code, message)
    return nil, { code = code, message = message, status = 400, sent = true }
  end
  local function mail(user)
    world.codes = world.codes + 1
    user.code = ("%06d"):format(world.codes)
    table.insert(world.mails, 1, { to = user.attributes.email, code = user.code })
  end

  local fake = wrap(world, "cognito", {
    sign_up = function(request)
      if find(request.username) then return err("UsernameExistsException", "An account … exists") end
      world.subs = world.subs + 1
      local sub = ("sub-%d"):format(world.subs)
      local user = { username = sub, sub = sub, status = "UNCONFIRMED", enabled = true,
        created_at = world.now,
        attributes = { sub = sub, email = request.attributes.email, name = request.attributes.name,
          email_verified = "false" }, password = request.password }
      table.insert(world.users, user)
      mail(user)
      return { sub = sub, confirmed = false, delivery = { destination = "j***@e***", medium = "EMAIL" } }
    end,
    confirm_sign_up = function(request)
      local user = find(request.username)
      if not user then return err("UserNotFoundException", "Username/client id combination not found.") end
      if user.status == "CONFIRMED" then
        return err("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
      end
      if user.code ~= request.code then return err("CodeMismatchException", "Invalid code") end
      user.status, user.attributes.email_verified = "CONFIRMED", "true"
      return true
    end,
    resend_confirmation_code = function(request)
      mail(assert(find(request.username)))
      return { delivery = {} }
    end,
    initiate_auth = function(request)
      local user = find(request.username)
      local confirmed = user and user.status == "CONFIRMED"
      if confirmed and user.password == request.password then return { access_token = "a" } end
      return err("NotAuthorizedException", "Incorrect username or password.")
    end,
    admin_get_user = function(username)
      local user = find(username)
      if user then return copy(user) end
      return err("UserNotFoundException", "User does not exist.")
    end,
    admin_update_user_attributes = function(username, attributes)
      for name, value in pairs(attributes) do assert(find(username)).attributes[name] = value end
      return true
    end,
    admin_link_provider_for_user = function(request)
      world.links[#world.links + 1] = copy(request)
      return true
    end,
    admin_delete_user = function(username)
      for i, user in ipairs(world.users) do
        if user.username == username or user.attributes.email == username then
          table.remove(world.users, i)
          return true
        end
      end
      return err("UserNotFoundException", "User does not exist.")
    end,
  })
  for name, words in pairs { is_already_confirmed = "CONFIRMED", is_disabled = "disabled" } do
    fake[name] = function(problem)
      return problem.code == "NotAuthorizedException" and problem.message:find(words, 1, true) ~= nil
    end
  end
  return fake
end


local function stripe(world)
  local function err(status, kind, code, param)
    return nil, { status = status, type = kind, code = code, param = param, sent = true,
      message = "a vendor's words" }
  end

  -- The same key gives the same answer; with other parameters it is refused.
  local function once(options, params, make)
    local key = assert(options and options.idempotency_key, "every POST has an Idempotency-Key")
    local known = world.keys[key]
    if known then
      if not expression.same(known.params, params) then return err(400, "idempotency_error") end
      return table.unpack(copy(known.answer), 1, 2)
    end
    local answer = table.pack(make())
    world.keys[key] = { params = copy(params), answer = copy(answer) }
    return table.unpack(answer, 1, 2)
  end

  local function new(list, prefix, object)
    world.ids = world.ids + 1
    object.id = ("%s_%d"):format(prefix, world.ids)
    list[object.id] = object
    return copy(object)
  end

  local fake = wrap(world, "stripe", {
    create_customer = function(params, options)
      return once(options, params, function() return new(world.customers, "cus", copy(params)) end)
    end,
    create_payment_method = function(params, options)
      return once(options, params, function()
        local token = params.card.token
        if token == "tok_unknown" then
          return err(400, "invalid_request_error", "resource_missing", "card[token]")
        end
        return new(world.methods, "pm", { token = token })
      end)
    end,
    attach_payment_method = function(id, params, options)
      return once(options, { id, params }, function()
        local method = world.methods[id]
        if not method then return err(404, "invalid_request_error", "resource_missing", "payment_method") end
        if method.token == "tok_chargeDeclined" then return err(402, "card_error", "card_declined") end
        if method.customer then return err(400, "invalid_request_error") end
        method.customer = params.customer
        return copy(method)
      end)
    end,
    retrieve_payment_method = function(id)
      if world.methods[id] then return copy(world.methods[id]) end
      return err(404, "invalid_request_error", "resource_missing", "payment_method")
    end,
    list_customer_payment_methods = function(id)
      local data = {}
      for _, method in pairs(world.methods) do
        if method.customer == id then data[#data + 1] = copy(method) end
      end
      return { data = data }
    end,
    update_customer = function(id, params, options)
      return once(options, { id, params }, function()
        for name, value in pairs(params) do world.customers[id][name] = copy(value) end
        return copy(world.customers[id])
      end)
    end,
    delete_customer = function(id)
      if not world.customers[id] then return err(404, "invalid_request_error", "resource_missing", "id") end
      world.customers[id] = nil
      return { id = id, deleted = true }
    end,
    list_customers = function(request)
      local data = {}
      for _, customer in pairs(world.customers) do
        if customer.email == request.email then data[#data + 1] = copy(customer) end
      end
      return { data = data }
    end,
  })
  fake.is_taken = function() return not world.key_refused end
  return fake
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
  package.loaded.cognito, package.loaded.dynamodb = cognito(world), dynamodb(world)
  package.loaded.slack = nil
  package.loaded.stripe, package.loaded.slack = stripe(world), slack(world)
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
