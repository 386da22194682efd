-- SPDX-License-Identifier: MIT
-- The one place that makes the table's keys. sub and username are the same for native users of an e-mail
-- pool and differ for Google's (google_<id>): the user record goes by sub, both memberships by username.
local keys = {}


function keys.user(sub)
  return { pk = "USER#" .. sub, sk = "DETAILS" }
end


function keys.account(visible_account_id)
  return { pk = "ACCOUNT#" .. visible_account_id, sk = "DETAILS" }
end


-- From a user to an account of theirs.
function keys.membership(username, visible_account_id)
  return { pk = "USER#" .. username, sk = "ACCOUNT#" .. visible_account_id }
end


-- The other way: from an account to a member.
function keys.member(visible_account_id, username)
  return { pk = "ACCOUNT#" .. visible_account_id, sk = "USER#" .. username }
end


function keys.api_key(visible_account_id, key_id)
  return { pk = "ACCOUNT#" .. visible_account_id, sk = "API_KEY#" .. key_id }
end


-- email_hash: fingerprint.email; the address itself is in no key.
function keys.intent(email_hash)
  return { pk = "SIGNUP#" .. email_hash, sk = "INTENT" }
end


-- What an Idempotency-Key was used for. key_hash: fingerprint.idempotency_key.
function keys.idempotency(key_hash)
  return { pk = "IDEMPOTENCY#" .. key_hash, sk = "SIGNUP" }
end


-- That a browser has come back from signing in with this state. state_hash: SHA-256 in hex.
function keys.sso_state(state_hash)
  return { pk = "SSO#" .. state_hash, sk = "STATE" }
end


-- Sorted by time within a shard.
function keys.outbox(shard, time, id)
  return { pk = "OUTBOX#" .. shard, sk = time .. "#" .. id }
end


-- Who works on the outbox.
function keys.outbox_lease()
  return { pk = "OUTBOX", sk = "LEASE" }
end


-- That somebody was told something once. id: a hash; whom it is about is in no key.
function keys.notice(id)
  return { pk = "NOTICE#" .. id, sk = "TOLD" }
end


-- A whole record: the key and its attributes.
function keys.record(key, attributes)
  local item = keys.of(key)
  for name, value in pairs(attributes) do item[name] = value end
  return item
end


-- A record's key.
function keys.of(record)
  return { pk = record.pk, sk = record.sk }
end


-- The query for all records that begin as this key does; without a sort key, for its whole partition.
function keys.range(key)
  return {
    key_condition = key.sk and "pk = :pk AND begins_with(sk, :sk)" or "pk = :pk",
    values = { pk = key.pk, sk = key.sk }, consistent = true,
  }
end


-- The ids that a pk or sk names | nil: it is another kind of key.
function keys.user_in(text)
  return text:match "^USER#(.+)$"
end


function keys.account_in(text)
  return text:match "^ACCOUNT#(.+)$"
end


function keys.api_key_in(text)
  return text:match "^API_KEY#(.+)$"
end


return keys
