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
end)
