-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: Idempotency-Key. The first answer to a POST is kept for a day and replayed for the same
-- method, path and parameters; other parameters are refused, and so is a key whose first request is still
-- running. Not kept: 401, 429, conflicts, and refusals made before the operation began (errors' `early`).
local crypto, form = require "crypto", require "form"
local errors, store, time = require "sandbox.stripe.errors", require "sandbox.store", require "sandbox.time"

local KEPT_FOR = 24 * 3600
local MAX_LENGTH = 255

store:exec [[
  CREATE TABLE IF NOT EXISTS stripe_idempotency (
    key TEXT PRIMARY KEY, path TEXT NOT NULL, fingerprint TEXT NOT NULL, created REAL NOT NULL,
    request_id TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
]]

local idempotency = {}
local running = {}

local function refuse(status, message, code, headers)
  errors.raise({ type = "idempotency_error", message = message, code = code },
    { status = status, early = true, headers = headers })
end

local function compare(kept, request)
  local other = ("Try using a key other than '%s' if you meant to execute a different request.")
    :format(request.key)
  if kept.path ~= request.path then
    refuse(400, ("Keys for idempotent requests can only be used for the same endpoint they were first used "
      .. "for ('%s' vs '%s'). %s"):format(kept.path, request.path, other))
  elseif kept.fingerprint ~= request.fingerprint then
    refuse(400, "Keys for idempotent requests can only be used with the same parameters they were first used "
      .. "with. " .. other)
  end
end

-- Begins a request {key=, method=, path=, params= as sent}: the kept answer {status=, body=, request_id=},
-- or nil and from now on the key is in use until finish.
function idempotency.begin(request)
  if #request.key > MAX_LENGTH then
    errors.early(("Idempotency keys can be at most %d characters long."):format(MAX_LENGTH))
  end
  request.fingerprint = crypto.hex(crypto.sha256(request.method .. " " .. form.encode(request.params)))
  local kept = store:row("SELECT * FROM stripe_idempotency WHERE key = ? AND created > ?", request.key,
    time.now() - KEPT_FOR)
  if kept then
    compare(kept, request)
    return kept
  elseif running[request.key] then
    refuse(409, ("There is currently another in-progress request using this Idempotent Key (that probably "
      .. "means you submitted twice, and the other request is still going through): %s. Please try again "
      .. "later.")
      :format(request.key), "idempotency_key_in_use", { ["Stripe-Should-Retry"] = "true" })
  end
  running[request.key] = true
end

-- Ends it: keeps the answer {status=, body=} unless it is nil.
function idempotency.finish(request, answer, request_id)
  running[request.key] = nil
  if answer then
    store:run([[
      INSERT OR REPLACE INTO stripe_idempotency (key, path, fingerprint, created, request_id, status, body)
      VALUES (?, ?, ?, ?, ?, ?, ?)]],
      request.key, request.path, request.fingerprint, time.now(), request_id, answer.status, answer.body)
  end
end

return idempotency
