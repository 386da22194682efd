-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: webhook endpoints, and what is sent to them. events.lua tells who wants an event, init.lua delivers
-- what a call has made when its transaction is over. A receiver that says anything but 2xx is asked again a few times.
-- private = {secret=}.
local clock, crypto, http, json = require "clock", require "crypto", require "http", require "json"
local log, task = require "log", require "task"
local errors, ids = require "sandbox.stripe.errors", require "sandbox.stripe.ids"
local list, objects = require "sandbox.stripe.list", require "sandbox.stripe.objects"
local params, text_of = require "sandbox.stripe.params", require "sandbox.stripe.text"

local null = json.null
local PATIENCE <const> = 10 -- seconds for an answer
local PAUSES <const> = { 1, 5 } -- seconds before another try
local KIND <const> = "webhook_endpoint"

local webhooks = {}

local SHARED = {
  description = { "string", unset = true }, metadata = { "metadata", unset = true },
  enabled_events = { "list", of = { "string" } }, url = { "string" },
}

local function with(more)
  for name, field in pairs(SHARED) do more[name] = more[name] or field end
  return more
end

webhooks.create_fields = with {
  enabled_events = { "list", required = true, of = { "string" } }, url = { "string", required = true },
  api_version = { "string" }, connect = { "boolean" },
}
webhooks.update_fields = with { disabled = { "boolean" } }
webhooks.list_fields = list.fields()

local function check(fields)
  if fields.url and not fields.url:find "^https?://[^%s%c/]+[^%s%c]*$" then
    errors.early("Not a valid URL", "url", "url_invalid")
  end
  if fields.enabled_events and #fields.enabled_events == 0 then errors.empty "enabled_events" end
end

function webhooks.create(ctx)
  local fields = ctx.params
  check(fields)
  local secret = ids.webhook_secret()
  local record = objects.insert(KIND, {
    id = ids.new "we", object = KIND, api_version = fields.api_version or null, application = null, created = ctx.now,
    description = fields.description or null, enabled_events = fields.enabled_events, livemode = false,
    metadata = params.merge_metadata({}, fields.metadata), status = "enabled", url = fields.url,
  }, { secret = secret })
  local shown = record.object
  shown.secret = secret -- this once
  return shown
end

local function in_path(ctx)
  return objects.need(KIND, ctx.path.id, "webhook endpoint", "webhook_endpoint", 404)
end

function webhooks.retrieve(ctx)
  return in_path(ctx).object
end

function webhooks.update(ctx)
  local record, fields = in_path(ctx), ctx.params
  local endpoint = record.object
  check(fields)
  for _, name in ipairs { "url", "enabled_events", "description" } do
    if fields[name] ~= nil then endpoint[name] = fields[name] end
  end
  if fields.disabled ~= nil then endpoint.status = fields.disabled and "disabled" or "enabled" end
  endpoint.metadata = params.merge_metadata(endpoint.metadata, fields.metadata)
  objects.save(record)
  return endpoint
end

function webhooks.delete(ctx)
  local record = in_path(ctx)
  record.deleted = true
  objects.save(record)
  return { id = record.object.id, object = KIND, deleted = true }
end

function webhooks.list(ctx)
  return list.page({ kind = KIND, noun = "webhook endpoint", url = "/v1/webhook_endpoints" }, ctx.params)
end

-- The endpoints that want events of this kind.
function webhooks.for_event(kind)
  local wanting = {}
  for _, record in ipairs(objects.select(KIND)) do
    local wants = record.object.status == "enabled"
    for _, name in ipairs(wants and record.object.enabled_events or {}) do
      if name == "*" or name == kind then
        wanting[#wanting + 1] = record
        break
      end
    end
  end
  return wanting
end

local function send(endpoint, body)
  local at = math.floor(clock.now())
  local signed = crypto.hex(crypto.hmac_sha256(endpoint.private.secret, ("%d.%s"):format(at, body)))
  local reply, err = http.fetch {
    method = "POST", url = endpoint.object.url, timeout = PATIENCE, body = body, headers = {
      ["content-type"] = "application/json; charset=utf-8", ["cache-control"] = "no-cache",
      ["user-agent"] = "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
      ["stripe-signature"] = ("t=%d,v1=%s"):format(at, signed) },
  }
  return reply and reply.status >= 200 and reply.status < 300, reply and reply.status or err.kind
end

local function deliver(event, endpoint)
  local body = text_of(event)
  for try = 1, #PAUSES + 1 do
    local ok, why = send(endpoint, body)
    if ok then
      local record = assert(objects.find("event", event.id))
      record.object.pending_webhooks = math.max(record.object.pending_webhooks - 1, 0)
      return objects.save(record)
    end
    log.warn("sandbox.webhook_refused", { url = endpoint.object.url, kind = event.type, try = try, why = why })
    if PAUSES[try] then clock.sleep(PAUSES[try]) end
  end
end

-- made: list of {event=, endpoints=}; each is sent in a task of its own.
function webhooks.deliver(made)
  for _, one in ipairs(made) do
    for _, endpoint in ipairs(one.endpoints) do task.spawn(deliver, one.event, endpoint) end
  end
end

return webhooks
