-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the account's history: what happened to which object, and by which request.
local ids, list, objects = require "sandbox.stripe.ids", require "sandbox.stripe.list",
  require "sandbox.stripe.objects"
local webhooks = require "sandbox.stripe.webhooks"
local json = require "json"

local events = {}

local function is_map(value)
  return type(value) == "table" and value ~= json.null and not json.is_array(value)
end

local function encoded(value)
  return json.encode(value == nil and json.null or value, { sorted = true })
end

-- Nested maps that differ only in part show only that part; lists and scalars show the old value whole.
local function differences(old, new)
  local out
  for name, before in pairs(old) do
    local after = new[name]
    if encoded(before) ~= encoded(after) then
      out = out or {}
      out[name] = is_map(before) and is_map(after) and differences(before, after) or before
    end
  end
  for name in pairs(new) do
    if old[name] == nil then
      out = out or {}
      out[name] = json.null
    end
  end
  return out
end

-- before: the object as it was, for *.updated and *.detached. ctx.made has what is to be sent when the call is over.
function events.emit(ctx, kind, object, before)
  local data = { object = object }
  if before then
    data.previous_attributes = differences(before, object) or {}
  end
  local endpoints = webhooks.for_event(kind)
  local event = {
    id = ids.new "evt", object = "event", api_version = ctx.version, created = ctx.now, data = data,
    livemode = false, pending_webhooks = #endpoints, type = kind,
    request = { id = ctx.request_id, idempotency_key = ctx.idempotency_key or json.null },
  }
  objects.insert("event", event)
  if #endpoints > 0 then
    table.insert(ctx.made, { event = json.decode(json.encode(event)), endpoints = endpoints }) -- as it is now
  end
end

events.list_fields = list.fields {
  created = { "range" }, type = { "string" }, types = { "list", of = { "string" } },
  delivery_success = { "boolean" },
}

-- type=customer.* and types[]=: SQLite's GLOB reads the stars as Stripe does.
local function of_types(filters)
  if #filters == 0 then
    return nil
  end
  local sql = ("json_extract(body, '$.type') GLOB ? OR "):rep(#filters):sub(1, -5)
  return { sql = "(" .. sql .. ")", values = filters }
end

function events.list(ctx)
  local filters = ctx.params.types or (ctx.params.type and { ctx.params.type }) or {}
  local what = { kind = "event", noun = "event", url = "/v1/events", where = of_types(filters) }
  return list.page(what, ctx.params)
end

function events.retrieve(ctx)
  return objects.need("event", ctx.path.id, "event", "id", 404).object
end

return events
