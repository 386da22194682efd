-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: expand[]: an id in an answer becomes its object, and lists that are left out by default
-- appear.
local errors, list = require "sandbox.stripe.errors", require "sandbox.stripe.list"
local objects = require "sandbox.stripe.objects"
local json = require "json"

local null = json.null
local MAX_LEVELS = 4

local function object_behind(kind, id)
  local record = objects.find(kind, id)
  if record and record.deleted then
    return { id = id, object = kind, deleted = true }
  end
  return record and record.object or id
end

-- The member names an object of that kind, or is null.
local function reference(kind)
  return function(holder, name)
    local value = holder[name]
    if type(value) == "string" then
      holder[name] = object_behind(kind, value)
    end
  end
end

local function list_of(kind, noun)
  return function(holder, name)
    holder[name] = list.of_customer(kind, noun, holder.id, name, {})
  end
end

-- Where a customer is, for taxes: nobody knows.
local function tax_of(holder, name)
  holder[name] = { automatic_tax = "unrecognized_location", ip_address = null, location = null }
end

-- A member that is null all the same.
local function nothing(holder, name)
  holder[name] = null
end

-- A list that this sandbox never fills.
local function empty_list(path)
  return function(holder, name)
    holder[name] = list.envelope(("/v1/customers/%s/%s"):format(holder.id, path), {})
  end
end

-- kind -> path below it -> how to expand it.
local EXPANDABLE = {
  customer = {
    default_source = reference "card",
    ["invoice_settings.default_payment_method"] = reference "payment_method",
    cash_balance = nothing,
    invoice_credit_balance = nothing,
    sources = list_of("card", "source"),
    subscriptions = empty_list "subscriptions",
    tax = tax_of,
    tax_ids = list_of("tax_id", "tax_id"),
    test_clock = reference "test_clock",
  },
  payment_method = { customer = reference "customer" },
  card = { customer = reference "customer" },
  setup_attempt = {
    customer = reference "customer", payment_method = reference "payment_method",
    setup_intent = reference "setup_intent",
  },
  tax_id = { customer = reference "customer", ["owner.customer"] = reference "customer" },
  setup_intent = {
    customer = reference "customer",
    payment_method = reference "payment_method",
    latest_attempt = reference "setup_attempt",
    mandate = reference "mandate",
  },
}

local function refuse(path, hint)
  errors.early(("This property cannot be expanded (%s).%s"):format(path, hint or ""), "expand")
end

local walk

local function walk_list(node, parts, at, path)
  if parts[at] ~= "data" then
    refuse(path, (" You may want to try expanding 'data.%s' instead."):format(path))
  elseif not parts[at + 1] then
    refuse(path)
  end
  for _, item in ipairs(node.data) do
    walk(item, parts, at + 1, path)
  end
end

function walk(node, parts, at, path)
  if node.object == "list" or node.object == "search_result" then
    return walk_list(node, parts, at, path)
  elseif node.deleted then
    return
  end
  local known, name, holder = EXPANDABLE[node.object] or {}, parts[at], node
  local how = known[name]
  if not how and parts[at + 1] then
    how = known[name .. "." .. parts[at + 1]]
    holder, at = node[name], at + 1
  end
  if not how then
    refuse(path)
  end
  name = parts[at]
  if type(holder[name]) ~= "table" or holder[name] == null then
    how(holder, name) -- not expanded yet by an earlier path
  end
  if parts[at + 1] and type(holder[name]) == "table" and holder[name] ~= null then
    walk(holder[name], parts, at + 1, path)
  end
end

-- Expands `object` in place; paths as params read them.
return function(object, paths)
  for _, path in ipairs(paths or {}) do
    local parts = {}
    for part in path:gmatch("[^%.]+") do
      parts[#parts + 1] = part
    end
    if #parts == 0 then
      refuse(path)
    elseif #parts > MAX_LEVELS then
      errors.early("You cannot expand more than 4 levels of a property. Property: " .. path, "expand",
        "property_expansion_max_depth")
    end
    walk(object, parts, 1, path)
  end
  return object
end
