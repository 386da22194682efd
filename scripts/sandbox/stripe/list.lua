-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: list endpoints: newest first, limit, starting_after, ending_before, created, filters.
local errors, objects = require "sandbox.stripe.errors", require "sandbox.stripe.objects"
local json = require "json"

local list = {}

local OPERATORS = { eq = "=", gt = ">", gte = ">=", lt = "<", lte = "<=" }

-- What every list endpoint takes, with more fields of its own.
function list.fields(more)
  local fields = {
    limit = { "integer", min = 1, max = 100 },
    starting_after = { "string" },
    ending_before = { "string" },
  }
  for name, field in pairs(more or {}) do
    fields[name] = field
  end
  return fields
end

local function conditions(what, created)
  local sql, values = {}, {}
  for column, value in pairs(what.filters or {}) do
    sql[#sql + 1] = (" AND %s = ?"):format(column)
    values[#values + 1] = value
  end
  for name, value in pairs(created or {}) do
    sql[#sql + 1] = (" AND created %s ?"):format(OPERATORS[name])
    values[#values + 1] = value
  end
  if what.where then
    sql[#sql + 1] = " AND " .. what.where.sql
    table.move(what.where.values, 1, #what.where.values, #values + 1, values)
  end
  return { sql = table.concat(sql), values = values }
end

local function cursor_of(what, id, param)
  local record = objects.find(what.kind, id)
  if not record then
    errors.missing(what.noun, id, param)
  end
  return record.seq
end

function list.envelope(url, data, has_more)
  return { object = "list", url = url, has_more = has_more or false, data = json.array(data) }
end

-- what = {kind=, noun=, url=, filters=, where= more SQL with its values}; params as list.fields read them.
function list.page(what, params)
  local limit = params.limit or 10
  local where, order = conditions(what, params.created), "DESC"
  if params.starting_after and params.ending_before then
    errors.early("You may only specify one of these parameters: ending_before, starting_after.",
      "ending_before", "parameters_exclusive")
  elseif params.starting_after then
    where.sql = where.sql .. " AND seq < ?"
    where.values[#where.values + 1] = cursor_of(what, params.starting_after, "starting_after")
  elseif params.ending_before then
    order = "ASC" -- the nearest ones, turned round below
    where.sql = where.sql .. " AND seq > ?"
    where.values[#where.values + 1] = cursor_of(what, params.ending_before, "ending_before")
  end
  local records = objects.select(what.kind, where, order, limit + 1)
  local has_more = #records > limit
  local data, count = {}, has_more and limit or #records
  for i = 1, count do
    data[order == "ASC" and count - i + 1 or i] = records[i].object
  end
  return list.envelope(what.url, data, has_more)
end

-- A page of what belongs to a customer, at /v1/customers/{id}/NAME.
function list.of_customer(kind, noun, customer, name, params)
  return list.page({
    kind = kind, noun = noun, url = ("/v1/customers/%s/%s"):format(customer, name), filters = { customer = customer },
  }, params)
end

return list
