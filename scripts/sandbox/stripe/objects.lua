-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: objects in the sandbox's store. One row is one object: its public JSON (as Stripe shows
-- it) and what only the sandbox knows (`private`). A record = {seq=, kind=, object=, private=, deleted=};
-- records are copies.
local json, store, time = require "json", require "sandbox.store", require "sandbox.time"
local errors = require "sandbox.stripe.errors"

store:exec [[
  CREATE TABLE IF NOT EXISTS stripe_object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    created INTEGER NOT NULL, updated REAL NOT NULL, customer TEXT, email TEXT,
    deleted INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL, private TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS stripe_object_kind ON stripe_object (kind, seq);
  CREATE INDEX IF NOT EXISTS stripe_object_customer ON stripe_object (customer, kind, seq);
  CREATE INDEX IF NOT EXISTS stripe_object_email ON stripe_object (email, kind, seq);
]]

local objects = {}

local function text_or_nil(value)
  return type(value) == "string" and value or nil
end

local function record_of(row)
  return {
    seq = row.seq, kind = row.kind, deleted = row.deleted ~= 0, updated = row.updated,
    object = json.decode(row.body), private = json.decode(row.private),
  }
end

function objects.insert(kind, object, private)
  local now = time.now()
  store:run([[
    INSERT INTO stripe_object (id, kind, created, updated, customer, email, body, private)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)]],
    object.id, kind, object.created or now // 1 | 0, now, text_or_nil(object.customer),
    text_or_nil(object.email), json.encode(object), json.encode(private or {}))
  return { kind = kind, object = object, private = private or {}, deleted = false }
end

function objects.save(record)
  local object = record.object
  store:run([[
    UPDATE stripe_object SET updated = ?, customer = ?, email = ?, deleted = ?, body = ?, private = ?
    WHERE id = ?]],
    time.now(), text_or_nil(object.customer), text_or_nil(object.email), record.deleted and 1 or 0,
    json.encode(object), json.encode(record.private), object.id)
end

-- The record of that id and kind, deleted ones too, or nil.
function objects.find(kind, id)
  local row = store:row("SELECT * FROM stripe_object WHERE id = ? AND kind = ?", id, kind)
  return row and record_of(row) or nil
end

-- The living record, or Stripe's refusal: noun and param are its words, status 404 in the path, else 400.
function objects.need(kind, id, noun, param, status)
  local record = objects.find(kind, id)
  if not record or record.deleted then
    errors.missing(noun, id, param, status)
  end
  return record
end

-- Living records, newest first. where = {sql=, values=}: more conditions; limit optional.
function objects.select(kind, where, order, limit)
  where = where or { sql = "", values = {} }
  local values = { kind, table.unpack(where.values) }
  local sql = ("SELECT * FROM stripe_object WHERE kind = ? AND deleted = 0%s ORDER BY seq %s LIMIT %d")
    :format(where.sql, order or "DESC", limit or 100000)
  local records = {}
  for i, row in ipairs(store:rows(sql, table.unpack(values))) do
    records[i] = record_of(row)
  end
  return records
end

-- Those that belong to a customer, newest first.
function objects.of_customer(kind, customer)
  return objects.select(kind, { sql = " AND customer = ?", values = { customer } })
end

return objects
