-- SPDX-License-Identifier: MIT
-- cognito.lua and dynamodb.lua against a sandbox, over real HTTP with real signatures. test_aws_calls.py
-- starts one and runs this file with `usher test`; the environment says where the sandbox is.

local clock, crypto, http, json = require "clock", require "crypto", require "http", require "json"
local cognito, dynamodb = require "cognito", require "dynamodb"

local PASSWORD <const> = "Corr3ct-Horse!"

-- A key of its own for each test: they share one table.
local function key(sk) return { pk = "TEST#" .. crypto.uuid(), sk = sk or "DETAILS" } end

local function with(base, fields)
  local item = {}
  for name, value in pairs(base) do item[name] = value end
  for name, value in pairs(fields) do item[name] = value end
  return item
end

local function deep(levels)
  local value = "end"
  for _ = 1, levels do value = { inner = value } end
  return value
end

local function address() return "jane+" .. crypto.uuid():sub(1, 8) .. "@example.com" end

local function code_for(email)
  local to = email:gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end)
  return json.decode(assert(http.fetch { url = os.getenv "USHER_MAILBOX" .. "?to=" .. to }).body)[1].code
end

describe("dynamodb, for real,", function()
  describe("keeps", function()
    local cases = {
      { "a string", "Jané ✓" }, { "an empty string", "" }, { "true", true }, { "false", false },
      { "null", json.null }, { "the largest integer", math.maxinteger }, { "a negative", -5 },
      { "a float", 0.1 }, { "a float of 17 digits", 0.1 + 0.2 }, { "a tiny float", 1.5e-100 },
      { "a great float", 1.5e100 },
      { "38 digits", dynamodb.number "1234567890123456789012345678901234567.8" },
      { "an empty map", {} }, { "an empty list", json.array {} },
      { "a list", json.array { 1, "two", json.array { true } } }, { "a map", { limits = { seats = 5 } } },
      { "bytes", dynamodb.binary "\0\1\255" }, { "32 levels", deep(31) },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local at = key()
        assert(dynamodb.put { item = with(at, { value = case[2] }) })
        local item = assert(dynamodb.get { key = at, consistent = true })
        assert.are.same(case[2], item.value)
        assert.are.equal(json.is_array(case[2]), json.is_array(item.value))
      end)
    end

    it("sets", function()
      local at = key()
      local sets = { names = dynamodb.set { "b", "a" }, sizes = dynamodb.set { 1, 2.5 } }
      assert(dynamodb.put { item = with(at, sets) })
      local item = dynamodb.get { key = at }
      assert.is_true(#item.names == 2 and item.names:has "a" and item.names:has "b")
      assert.is_true(#item.sizes == 2 and item.sizes:has(1) and item.sizes:has(2.5))
    end)
  end)

  it("puts once, and shows what was in the way", function()
    local item = with(key(), { signup_id = "one" })
    local guard = { item = item, condition = "attribute_not_exists(pk)", return_old_on_failure = true }
    assert.is_true(dynamodb.put(guard))
    local ok, err = dynamodb.put(guard)
    assert.is_nil(ok)
    assert.are.same({ "ConditionalCheckFailedException", 400, false, false },
      { err.code, err.status, err.retryable, err.ambiguous })
    assert.are.same(item, err.item)
    assert.is_string(err.request_id)
  end)

  it("takes reserved words as they are", function()
    local at = key()
    local item = assert(dynamodb.update { key = at, returns = "ALL_NEW",
      set = { name = "Jane", role = "OWNER", status = "ACTIVE", region = "eu", type = "x",
        user = { plan = "p" } } })
    assert.are.same({ "Jane", "OWNER", "p" }, { item.name, item.role, item.user.plan })
    item = assert(dynamodb.update { key = at, returns = "ALL_NEW",
      update = "SET user.plan = :p REMOVE region, type", condition = "status = :a AND size(name) > :n",
      values = { a = "ACTIVE", p = "free", n = 3 } })
    assert.are.same({ "free", nil, nil }, { item.user.plan, item.region, item.type })
    assert.are.same({ name = "Jane", user = { plan = "free" } },
      dynamodb.get { key = at, projection = "name, user.plan" })
  end)

  it("counts, adds to sets and keeps what was first", function()
    local at = key()
    assert(dynamodb.update { key = at, add = { attempts = 2, tags = dynamodb.set { "a", "b" } },
      set_once = { created_at = "first" } })
    local item = assert(dynamodb.update { key = at, add = { attempts = 0.5 }, returns = "ALL_NEW",
      delete = { tags = dynamodb.set { "a" } }, set_once = { created_at = "second" } })
    assert.are.same({ 2.5, "first" }, { item.attempts, item.created_at })
    assert.is_true(#item.tags == 1 and item.tags:has "b")
  end)

  it("deletes, and misses nothing that is not there", function()
    local item = with(key(), { n = 1 })
    assert(dynamodb.put { item = item })
    local at = { pk = item.pk, sk = item.sk }
    assert.are.same(item, dynamodb.delete { key = at, returns = "ALL_OLD" })
    assert.are.same({}, dynamodb.delete { key = at, returns = "ALL_OLD" })
    local found, err = dynamodb.get { key = at }
    assert.is_nil(found)
    assert.is_nil(err)
  end)

  it("reads pages in order, both ways", function()
    local pk = key().pk
    local items = {}
    for i = 1, 7 do items[i] = { pk = pk, sk = "ACCOUNT#" .. i, n = i } end
    items[8] = { pk = pk, sk = "DETAILS" }
    assert(dynamodb.batch_write { put = items })
    local request = { key_condition = "pk = :pk AND begins_with(sk, :p)", limit = 3, consistent = true,
      values = { pk = pk, p = "ACCOUNT#" } }
    local page = assert(dynamodb.query(request))
    assert.are.same({ 3, 3, "ACCOUNT#3" }, { #page, page.count, page.next.sk })
    local seen = {}
    for item in dynamodb.each(dynamodb.query, with(request, { forward = false })) do
      seen[#seen + 1] = item.n
    end
    assert.are.same({ 7, 6, 5, 4, 3, 2, 1 }, seen)
    local odd = assert(dynamodb.query { key_condition = "pk = :pk", filter = "n IN (:a, :b)",
      values = { pk = pk, a = 1, b = 3 } })
    assert.are.same({ 2, 8 }, { #odd, odd.scanned })
    local keys = {}
    for i, item in ipairs(items) do keys[i] = { pk = item.pk, sk = item.sk } end
    assert.are.equal(8, #assert(dynamodb.batch_get { keys = keys }))
    assert(dynamodb.batch_write { delete = keys })
    assert.are.equal(0, #assert(dynamodb.batch_get { keys = keys }))
  end)

  it("writes all or nothing, and the same only once", function()
    local account, user, counter = key(), key(), key()
    assert(dynamodb.put { item = with(user, { name = "Jane" }) })
    local request = { token = crypto.uuid(), items = {
      { put = { item = with(account, { n = 1 }), condition = "attribute_not_exists(pk)",
        return_old_on_failure = true } },
      { check = { key = user, condition = "attribute_exists(pk)" } },
      { update = { key = counter, add = { n = 1 } } } } }
    assert.is_true(dynamodb.transact_write(request))
    assert.is_true(dynamodb.transact_write(request))
    assert.are.equal(1, dynamodb.get { key = counter }.n)

    local ok, err = dynamodb.transact_write { items = request.items }
    assert.is_nil(ok)
    assert.are.same({ "TransactionCanceledException", false, 1 }, { err.code, err.retryable, err.attempts })
    assert.are.equal("ConditionalCheckFailed", err.reasons[1].code)
    assert.are.same(with(account, { n = 1 }), err.reasons[1].item)
    assert.are.same({ "None", "None" }, { err.reasons[2].code, err.reasons[3].code })
    assert.is_false(dynamodb.retryable_cancellation(err))

    request.items[1].put.item.n = 2
    ok, err = dynamodb.transact_write(request)
    assert.are.same({ nil, "IdempotentParameterMismatchException" }, { ok, err.code })
    assert.are.same({ with(user, { name = "Jane" }), false }, dynamodb.transact_get { items = {
      { key = user }, { key = key() } } })
  end)

  it("makes tables and describes them", function()
    local name = "Test-" .. crypto.uuid()
    local made = assert(dynamodb.create_table { table = name, hash = "pk", range = "sk",
      indexes = { { name = "by_email", hash = "email" } } })
    assert.are.equal(name, made.name)
    local ok, err = dynamodb.create_table { table = name, hash = "pk" }
    assert.are.same({ nil, "ResourceInUseException" }, { ok, err.code })
    ok, err = dynamodb.describe_table { table = "NoSuchTable" }
    assert.are.same({ nil, "ResourceNotFoundException" }, { ok, err.code })
  end)

  it("hears what is wrong with a request", function()
    local ok, err = dynamodb.put { item = { pk = "only" } }
    assert.are.same({ nil, "ValidationException", false }, { ok, err.code, err.retryable })
    assert.is_truthy(tostring(err):find("^dynamodb PutItem: ValidationException: One or more parameter"))
  end)

  it("signs with the time of the service when the machine's clock is an hour wrong", function()
    local saved, at = {}, key()
    for _, name in ipairs { "clock", "aws", "dynamodb" } do saved[name] = package.loaded[name] end
    package.loaded.clock = { now = function() return clock.now() + 3600 end, monotonic = clock.monotonic,
      sleep = clock.sleep, iso8601 = clock.iso8601, parse_http_date = clock.parse_http_date }
    package.loaded.aws, package.loaded.dynamodb = nil, nil
    local update = require "dynamodb".update
    local ok, item, err = pcall(update, { key = at, add = { n = 1 }, returns = "ALL_NEW" })
    for name, module in pairs(saved) do package.loaded[name] = module end
    assert.is_true(ok)
    assert.is_nil(err)
    assert.are.equal(1, item.n)
  end)
end)


describe("cognito, for real,", function()
  local function sign_up()
    local email = address()
    local made = assert(cognito.sign_up { username = email, password = PASSWORD,
      attributes = { email = email, name = "Jane" } })
    return email, made
  end

  it("signs up, once", function()
    local email, made = sign_up()
    assert.is_false(made.confirmed)
    assert.are.same({ "EMAIL", "email" }, { made.delivery.medium, made.delivery.attribute })
    local user = assert(cognito.admin_get_user(email))
    assert.are.same({ made.sub, made.sub, "UNCONFIRMED", true, "Jane" },
      { user.username, user.sub, user.status, user.enabled, user.attributes.name })
    assert.is_true(math.abs(user.created_at - clock.now()) < 60)
    assert.are.same(user, assert(cognito.admin_get_user(made.sub)))
    local form = { username = email, password = PASSWORD, attributes = { email = email } }
    local again, err = cognito.sign_up(form)
    assert.are.same({ nil, "UsernameExistsException", false }, { again, err.code, err.ambiguous })
  end)

  it("confirms with the code of the mail, once", function()
    local email = sign_up()
    local ok, err = cognito.confirm_sign_up { username = email, code = "000000" }
    assert.are.same({ nil, "CodeMismatchException" }, { ok, err.code })
    assert.are.equal("EMAIL", assert(cognito.resend_confirmation_code { username = email }).delivery.medium)
    assert.is_true(cognito.confirm_sign_up { username = email, code = code_for(email) })
    ok, err = cognito.confirm_sign_up { username = email, code = code_for(email) }
    assert.is_nil(ok)
    assert.is_true(cognito.is_already_confirmed(err))
    local user = cognito.admin_get_user(email)
    assert.are.same({ "CONFIRMED", "true" }, { user.status, user.attributes.email_verified })
  end)

  it("signs in the confirmed", function()
    local email = sign_up()
    local session, err = cognito.initiate_auth { username = email, password = PASSWORD }
    assert.are.same({ nil, "UserNotConfirmedException" }, { session, err.code })
    assert.is_true(cognito.admin_confirm_sign_up(email))
    session, err = cognito.initiate_auth { username = email, password = "Wr0ng-Horse!" }
    assert.are.same({ nil, "NotAuthorizedException" }, { session, err.code })
    session = assert(cognito.initiate_auth { username = email, password = PASSWORD })
    assert.are.same({ "Bearer", 3600 }, { session.token_type, session.expires_in })
    assert.is_string(session.id_token)
  end)

  it("changes, finds and deletes", function()
    local email, made = sign_up()
    local name = 'Jane "J" \\'
    assert.is_true(cognito.admin_update_user_attributes(made.sub, { email_verified = true, name = name }))
    local found = assert(cognito.list_users { filter = cognito.filter("email", "=", email) })
    assert.are.same({ 1, made.sub }, { #found, found[1].username })
    assert.are.equal("true", found[1].attributes.email_verified)
    found = assert(cognito.list_users { filter = cognito.filter("name", "=", name), limit = 60 })
    assert.are.equal(made.sub, found[1].username)
    assert.is_true(cognito.admin_delete_user(email))
    local ok, err = cognito.admin_delete_user(email)
    assert.are.same({ nil, "UserNotFoundException" }, { ok, err.code })
  end)

  it("hears the password's faults", function()
    local email = address()
    local form = { username = email, password = "short", attributes = { email = email } }
    local made, err = cognito.sign_up(form)
    assert.is_nil(made)
    assert.is_truthy(err.code == "InvalidPasswordException" or err.code == "InvalidParameterException")
  end)

  it("describes the pool", function()
    assert.are.equal(os.getenv "USHER_USER_POOL_ID", assert(cognito.describe_user_pool()).Id)
  end)
end)
