-- SPDX-License-Identifier: MIT
-- Every key of the table, with a username that is not the sub.
local keys = require "lib.keys"

local SUB, USERNAME, ID = "d8411330-6061-70eb-ec7d-e9eb17f8f222", "google_1093", "k3v9"

-- { record, key, pk, sk }
local cases = {
  { "user", keys.user(SUB), "USER#" .. SUB, "DETAILS" },
  { "account", keys.account(ID), "ACCOUNT#k3v9", "DETAILS" },
  { "membership", keys.membership(USERNAME, ID), "USER#google_1093", "ACCOUNT#k3v9" },
  { "membership, other way", keys.member(ID, USERNAME), "ACCOUNT#k3v9", "USER#google_1093" },
  { "API key", keys.api_key(ID, "key1"), "ACCOUNT#k3v9", "API_KEY#key1" },
  { "intent", keys.intent("abcd"), "SIGNUP#abcd", "INTENT" },
  { "outbox", keys.outbox(3, "2026-01-31T23:59:59Z", "id1"), "OUTBOX#3", "2026-01-31T23:59:59Z#id1" },
}

describe("keys", function()
  for _, case in ipairs(cases) do
    it(case[1], function() assert.same({ pk = case[3], sk = case[4] }, case[2]) end)
  end

  it("a record is its key and its attributes, in a table of its own", function()
    local key, attributes = keys.user(SUB), { name = "Jane" }
    assert.same({ pk = "USER#" .. SUB, sk = "DETAILS", name = "Jane" }, keys.record(key, attributes))
    assert.same({ name = "Jane" }, attributes)
    assert.is_nil(key.name)
  end)

  it("tells a record's key from the rest of it", function()
    assert.same(keys.user(SUB), keys.of(keys.record(keys.user(SUB), { name = "Jane" })))
  end)

  it("asks for all that begins like a key, or for a whole partition", function()
    assert.same({ key_condition = "pk = :pk AND begins_with(sk, :sk)", consistent = true,
      values = { pk = "ACCOUNT#k3v9", sk = "API_KEY#" } }, keys.range(keys.api_key(ID, "")))
    assert.same({ key_condition = "pk = :pk", consistent = true, values = { pk = "ACCOUNT#k3v9" } },
      keys.range { pk = keys.account(ID).pk })
  end)

  -- { reader, text, id }
  for _, case in ipairs {
    { "user_in", keys.user(SUB).pk, SUB }, { "user_in", keys.member(ID, USERNAME).sk, USERNAME },
    { "account_in", keys.membership(USERNAME, ID).sk, ID }, { "account_in", keys.user(SUB).pk, nil },
    { "api_key_in", keys.api_key(ID, "key1").sk, "key1" }, { "api_key_in", keys.account(ID).sk, nil },
  } do
    it(case[1] .. " reads " .. case[2], function() assert.equal(case[3], keys[case[1]](case[2])) end)
  end
end)
