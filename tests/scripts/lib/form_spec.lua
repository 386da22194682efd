-- SPDX-License-Identifier: MIT
-- Every field's good and bad spellings as data; and that all wrong fields are told at once.
local json, testing = require "json", require "testing"

local world = testing.world()
local fail, form = world:require "fail", world:require "lib.form"

local GOOD = {
  email = "jane@example.com", name = "Jane Doe", country = "DE", organization = "Example GmbH",
  password = "Pw1!xxxx", stripe_token = "tok_visa",
}

local NOTHING = {}


local function with(changes)
  local body = {}
  for name, value in pairs(GOOD) do body[name] = value end
  for name, value in pairs(changes) do
    body[name] = value
    if value == NOTHING then body[name] = nil end
  end
  return body
end


-- -> "field:code field:code", in the order they are told | the clean form
local function read(kind, body)
  local ok, result = pcall(form[kind], body)
  if ok then return result end
  assert.is_true(fail.is(result), tostring(result))
  assert.equal(422, result.status)
  assert.equal("invalid_input", result.code)
  local list = {}
  for i, field in ipairs(result.fields) do
    assert.is_string(field.message)
    list[i] = field.field .. ":" .. field.code
  end
  return table.concat(list, " ")
end


-- { field, value, the clean value }
local accepted = {
  { "email", "jane@example.com", "jane@example.com" },
  { "email", "  Jane.Doe+tag@Example.COM\t", "jane.doe+tag@example.com" },
  { "email", "JANE@EXAMPLE.ORG", "jane@example.org" },
  { "email", "o'neill_{}#$%&*/=?^`|~!-@sub.example.co", "o'neill_{}#$%&*/=?^`|~!-@sub.example.co" },
  { "email", "\u{212a}elvin@example.com", "kelvin@example.com" },
  { "email", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example" },
  { "email", "1@2.de", "1@2.de" },
  { "email", ("a"):rep(64) .. "@example.com", ("a"):rep(64) .. "@example.com" },
  { "email", ("a"):rep(60) .. "@" .. ("b."):rep(30) .. "example", ("a"):rep(60) .. "@" .. ("b."):rep(30)
    .. "example" },
  { "name", "Zoe\u{308} O'Neill", "Zo\u{eb} O'Neill" },
  { "name", "  Jane  ", "Jane" },
  { "name", "\u{3000}\u{738b}\u{5c0f}\u{660e}\u{a0}\n", "\u{738b}\u{5c0f}\u{660e}" },
  { "name", "J", "J" },
  { "name", ("\u{1f600}"):rep(128), ("\u{1f600}"):rep(128) },
  { "name", "<script>alert(1)</script>", "<script>alert(1)</script>" },
  { "organization", ("x"):rep(128), ("x"):rep(128) },
  { "country", "de", "DE" },
  { "country", " US ", "US" },
  { "country", "AX", "AX" },
  { "password", "Pw1!xxxx", "Pw1!xxxx" },
  { "password", "Pw 1xxxx", "Pw 1xxxx" },
  { "password", "Pw1!" .. ("\u{e9}"):rep(252), "Pw1!" .. ("\u{e9}"):rep(252) },
  { "stripe_token", "tok_1MvoiELkdIwHu7ix", "tok_1MvoiELkdIwHu7ix" },
  { "stripe_token", "pm_card_visa", "pm_card_visa" },
  { "captcha_token", "03AGdBq2", "03AGdBq2" },
  { "captcha_token", json.null, nil },
  { "captcha_token", "", nil },
}

local IS_CONTROL = "control_characters"

-- { field, value, codes told for it }
local refused = {
  { "email", NOTHING, "required" }, { "email", json.null, "required" }, { "email", "", "required" },
  { "email", "   ", "required" },
  { "email", 7, "not_text" }, { "email", true, "not_text" }, { "email", {}, "not_text" },
  { "email", json.array { "a@b.co" }, "not_text" },
  { "email", "jane", "invalid_email" },
  { "email", "jane@", "invalid_email" },
  { "email", "@example.com", "invalid_email" },
  { "email", "jane@example", "invalid_email" },
  { "email", "jane@@example.com", "invalid_email" },
  { "email", "jane@example.com@example.org", "invalid_email" },
  { "email", "jane doe@example.com", "invalid_email" },
  { "email", "jane@exam ple.com", "invalid_email" },
  { "email", "jane\0@example.com", IS_CONTROL },
  { "email", "jane@example.com\r\nBcc: x@example.org", IS_CONTROL },
  { "email", "jane\u{85}@example.com", IS_CONTROL },
  { "email", ".jane@example.com", "invalid_email" },
  { "email", "jane.@example.com", "invalid_email" },
  { "email", "ja..ne@example.com", "invalid_email" },
  { "email", '"jane@home"@example.com', "invalid_email" },
  { "email", '"jane"@example.com', "invalid_email" },
  { "email", "jane@[127.0.0.1]", "invalid_email" },
  { "email", "jane@127.0.0.1", "invalid_email" },
  { "email", "jane@-example.com", "invalid_email" },
  { "email", "jane@example-.com", "invalid_email" },
  { "email", "jane@example..com", "invalid_email" },
  { "email", "jane@.example.com", "invalid_email" },
  { "email", "jane@example.com.", "invalid_email" },
  { "email", "jane@exa_mple.com", "invalid_email" },
  { "email", "jane,doe@example.com", "invalid_email" },
  { "email", "Jane <jane@example.com>", "invalid_email" },
  { "email", "jane@" .. ("a"):rep(64) .. ".com", "invalid_email" },
  { "email", ("a"):rep(65) .. "@example.com", "invalid_email" },
  { "email", ("a"):rep(60) .. "@" .. ("b."):rep(30) .. "examples", "too_long" }, -- as Cognito counts usernames
  { "email", "j\u{e4}ne@example.com", "email_not_ascii" },
  { "email", "jane@b\u{fc}cher.example", "email_not_ascii" },
  { "email", "\u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{5e7f}\u{544a}", "email_not_ascii" },
  { "email", "jane\u{ff20}example.com", "email_not_ascii" },
  { "email", "jane\u{200b}@example.com", "email_not_ascii" },
  { "name", NOTHING, "required" }, { "name", " \t\u{3000} ", "required" }, { "name", 12, "not_text" },
  { "name", "e" .. ("\u{301}\u{323}"):rep(15000), "too_long" }, -- seconds, if it were put in order
  { "name", "Jane" .. (" "):rep(128 * 16), "too_long" }, -- counted in bytes before it is put in order
  { "name", "Jane\0Doe", IS_CONTROL }, { "name", "Jane\nDoe", IS_CONTROL }, { "name", "a\u{7f}b",
    IS_CONTROL },
  { "name", "a\u{2028}b", IS_CONTROL },
  { "name", ("x"):rep(129), "too_long" }, { "name", ("\u{1f600}"):rep(129), "too_long" },
  { "organization", NOTHING, "required" }, { "organization", ("x"):rep(129), "too_long" },
  { "organization", {}, "not_text" }, { "organization", "a\27[31mb", IS_CONTROL },
  { "country", NOTHING, "required" }, { "country", "XX", "unknown_country" }, { "country", "UK",
    "unknown_country" },
  { "country", "EU", "unknown_country" }, { "country", "AN", "unknown_country" },
  { "country", "DEU", "unknown_country" }, { "country", "Germany", "unknown_country" },
  { "country", "D", "unknown_country" }, { "country", 49, "not_text" }, { "country", "\u{ff24}\u{ff25}",
    "unknown_country" },
  { "password", NOTHING, "required" }, { "password", "", "required" }, { "password", 12345678, "not_text" },
  { "password", "Pw1!xxx", "password_too_short" },
  { "password", "PW1!XXXX", "password_needs_lowercase" },
  { "password", "pw1!xxxx", "password_needs_uppercase" },
  { "password", "Pwx!xxxx", "password_needs_number" },
  { "password", "Pw1xxxxx", "password_needs_symbol" },
  { "password", "Pw1\u{20ac}xxxx", "password_needs_symbol" },
  { "password", " Pw1!xxxx", "password_space_at_end" },
  { "password", "Pw1!xxxx\u{3000}", "password_space_at_end" },
  { "password", "Pw1!xx\0xx", IS_CONTROL },
  { "password", "Pw1!" .. ("x"):rep(253), "too_long" },
  { "stripe_token", NOTHING, "required" }, { "stripe_token", "visa", "invalid_card_token" },
  { "stripe_token", "tok_", "invalid_card_token" }, { "stripe_token", "cus_123", "invalid_card_token" },
  { "stripe_token", "tok_visa&x=y", "invalid_card_token" }, { "stripe_token", "4242424242424242",
    "invalid_card_token" },
  { "stripe_token", "tok_" .. ("x"):rep(252), "too_long" }, { "stripe_token", {}, "not_text" },
  { "utm_source", ("x"):rep(257), "too_long" }, { "utm_content", 1, "not_text" }, { "utm_term", "a\nb",
    IS_CONTROL },
  { "captcha_token", false, "not_text" }, { "captcha_token", ("x"):rep(4097), "too_long" },
}


local function shown(value)
  if value == NOTHING then return "nothing" end
  local text = type(value) == "string" and ("%q"):format(value) or tostring(value)
  return #text > 60 and text:sub(1, 57) .. "…" or text
end


describe("the sign-up form", function()
  for _, case in ipairs(accepted) do
    it(("takes %s %s"):format(case[1], shown(case[2])), function()
      local clean = read("signup", with { [case[1]] = case[2] })
      assert.is_table(clean, tostring(clean))
      assert.equal(case[3], clean[case[1]])
    end)
  end

  for _, case in ipairs(refused) do
    it(("refuses %s %s"):format(case[1], shown(case[2])), function()
      assert.equal(case[1] .. ":" .. case[3], read("signup", with { [case[1]] = case[2] }))
    end)
  end

  it("tells every wrong field at once", function()
    assert.equal("email:required name:required country:required organization:required password:required "
      .. "stripe_token:required", read("signup", {}))
  end)

  it("tells every fault of a password at once", function()
    local codes = { "password_too_short", "password_needs_lowercase", "password_needs_uppercase",
      "password_needs_symbol" }
    assert.equal("password:" .. table.concat(codes, " password:"), read("signup", with { password = "123" }))
  end)

  it("gathers the utm fields", function()
    local clean = read("signup", with { utm_source = " ads ", utm_medium = "cpc", utm_campaign = "",
      utm_term = json.null })
    assert.same({ source = "ads", medium = "cpc" }, clean.utm)
    assert.is_nil(clean.utm_source)
  end)

  it("ignores fields it does not know", function()
    local clean = read("signup", with { newsletter = true, referrer = { 1 } })
    assert.is_nil(clean.newsletter)
    assert.is_nil(clean.referrer)
  end)

  for _, body in ipairs { json.array {}, json.array { 1 }, "text", 7, true, json.null } do
    it("answers 400 to a body that is " .. json.encode(body), function()
      local ok, problem = pcall(form.signup, body)
      assert.is_false(ok)
      assert.equal(400, problem.status)
    end)
  end
end)


describe("the start of signing in with Google", function()
  it("needs nothing, and leads to / then", function()
    local clean, path = form.sso {}
    assert.same({ {}, "/" }, { clean, path })
  end)

  it("tells every wrong parameter at once", function()
    assert.equal("organization:too_long country:unknown_country return_to:not_a_path callback_url:not_allowed "
      .. "utm_term:control_characters", read("sso", { organization = ("x"):rep(129), country = "XX",
        return_to = "//evil.example", callback_url = "https://evil.example", utm_term = "a\nb" }))
  end)
end)


describe("the confirm form", function()
  -- { code, clean | codes told }
  local codes = {
    { "123456", "123456" }, { " 000000\n", "000000" },
    { "12345", "code:invalid_code" }, { "1234567", "code:invalid_code" }, { "12345a", "code:invalid_code" },
    { "12 456", "code:invalid_code" }, { 123456, "code:not_text" }, { json.null, "code:required" },
    { "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}", "code:invalid_code" },
  }
  for _, case in ipairs(codes) do
    it("reads the code " .. shown(case[1]), function()
      local result = read("confirm", { email = "Jane@example.com", code = case[1] })
      assert.equal(case[2], type(result) == "table" and result.code or result)
    end)
  end

  it("reads any address that there may be", function()
    local address = ("a"):rep(60) .. "@" .. ("b."):rep(93) .. "example"
    assert.equal(address, read("confirm", { email = address, code = "123456" }).email)
    assert.equal("email:too_long", read("confirm", { email = address .. "s", code = "123456" }))
  end)

  it("needs no signup_token, but text if there is one", function()
    assert.equal("t", read("confirm", { email = "a@b.co", code = "123456", signup_token = "t" }).signup_token)
    assert.equal("signup_token:not_text", read("confirm", { email = "a@b.co", code = "123456",
      signup_token = {} }))
  end)
end)


describe("the resend form", function()
  it("folds the address", function() assert.equal("a@b.co", read("resend", { email = " A@B.co" }).email) end)
  it("needs the address", function() assert.equal("email:required", read("resend", {})) end)
end)


describe("countries", function()
  it("are the 249 of ISO 3166-1", function()
    local n = 0
    for code in pairs(require "lib.countries") do
      n = n + 1
      assert.matches("^%u%u$", code)
    end
    assert.equal(249, n)
  end)
end)
