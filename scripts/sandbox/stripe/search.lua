-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: GET /v1/customers/search. What was written within switches.search_lag seconds is not
-- found yet. next_page names the row that the next page goes on behind.
local crypto, json, time = require "crypto", require "json", require "sandbox.time"
local errors, objects = require "sandbox.stripe.errors", require "sandbox.stripe.objects"
local parse, switches = require "sandbox.stripe.search_query", require "sandbox.stripe.switches"

local null = json.null
local search = {}

search.fields = {
  query = { "string", required = true }, limit = { "integer", min = 1, max = 100 }, page = { "string" },
}

local COMPARE = {
  [":"] = function(a, b) return a == b end,
  ["~"] = function(a, b) return a:find(b, 1, true) ~= nil end,
  [">"] = function(a, b) return a > b end,
  [">="] = function(a, b) return a >= b end,
  ["<"] = function(a, b) return a < b end,
  ["<="] = function(a, b) return a <= b end,
}

local function matches(clause, customer)
  local value
  if clause.key then
    value = customer.metadata[clause.key]
  else
    value = customer[clause.field]
  end
  if value == nil or value == null or clause.value == null then
    return (value == nil or value == null) and clause.value == null
  elseif type(value) == "number" then
    return COMPARE[clause.operator](value, tonumber(clause.value))
  end
  return COMPARE[clause.operator](value:lower(), clause.value:lower())
end

local function fits(clauses, joiner, customer)
  for _, clause in ipairs(clauses) do
    local hit = matches(clause, customer) ~= clause.negated
    if hit ~= (joiner == "AND") then
      return hit -- the first miss decides an AND, the first hit an OR
    end
  end
  return joiner == "AND"
end

local function seq_of_page(page)
  local text = crypto.unbase64(page)
  local seq = text and math.tointeger(tonumber(text:match("^seq:(%d+)$")))
  if not seq then
    errors.early("Invalid page token", "page")
  end
  return seq
end

-- The records of those that fit, in the order of pages; page: behind which, or nil.
local function found(ctx, page)
  local clauses, joiner = parse(ctx.params.query)
  local where = { sql = " AND updated <= ?", values = { time.now() - switches.search_lag } }
  if page then
    where.sql = where.sql .. " AND seq < ?"
    where.values[2] = seq_of_page(page)
  end
  local records = {}
  for _, record in ipairs(objects.select("customer", where)) do
    if fits(clauses, joiner, record.object) then records[#records + 1] = record end
  end
  return records
end

-- expand[]=total_count: how many there are on all pages.
local function wants_total(ctx)
  for i, path in ipairs(ctx.params.expand or {}) do
    if path == "total_count" then return table.remove(ctx.params.expand, i) end
  end
end

function search.customers(ctx)
  local total = wants_total(ctx) and #found(ctx) or nil
  local records, limit = found(ctx, ctx.params.page), ctx.params.limit or 10
  local data, next_page = json.array {}, null
  for i = 1, math.min(limit, #records) do data[i] = records[i].object end
  if #records > limit then next_page = crypto.base64("seq:" .. records[limit].seq) end
  return {
    object = "search_result", url = "/v1/customers/search", data = data, has_more = next_page ~= null,
    next_page = next_page, total_count = total,
  }
end

return search
