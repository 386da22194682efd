-- SPDX-License-Identifier: MIT
-- Sandbox, Stripe: the search query language: clauses of field, operator and value, joined by AND or by OR
-- (a space means AND); "-" before a clause negates it. Pure: text in, list of clauses out, or Stripe's
-- refusal. A clause = {negated=, field=, key= of metadata, operator=, value= string or json.null}.
local errors = require "sandbox.stripe.errors"
local json = require "json"

local MAX_CLAUSES = 10

local FIELDS = {
  created = "number", email = "string", name = "string", phone = "string", metadata = "string",
}

local function unparsable()
  errors.early("We were unable to parse your search query. Try using the format "
    .. "`metadata[\"key\"]:\"value\"` to query for metadata or key:\"value\" to query for other fields.",
    "query")
end

-- A quoted text at `at`: its value and the place behind it.
local function quoted(text, at)
  local quote = text:sub(at, at)
  if quote ~= '"' and quote ~= "'" then
    return nil
  end
  local out, i = {}, at + 1
  while i <= #text do
    local char = text:sub(i, i)
    if char == quote then
      return table.concat(out), i + 1
    elseif char == "\\" then
      i = i + 1
      char = text:sub(i, i)
    end
    out[#out + 1] = char
    i = i + 1
  end
  unparsable()
end

local function read_field(text, at)
  local name, behind = text:match("^([%a_%.]+)()", at)
  if not name then
    unparsable()
  elseif name ~= "metadata" then
    return name, nil, behind
  end
  local inner = text:match("^%[()", behind)
  if not inner then
    unparsable()
  end
  local key, closing = quoted(text, inner)
  if not key or text:sub(closing, closing) ~= "]" then
    unparsable()
  end
  return name, key, closing + 1
end

local function read_operator(text, at)
  local operator, behind = text:match("^([<>]=?)()", at)
  if not operator then
    operator, behind = text:match("^([:~])()", at)
  end
  if not operator then
    unparsable()
  end
  return operator, behind
end

local function read_value(text, at)
  local value, behind = quoted(text, at)
  if value then
    return value, behind
  end
  value, behind = text:match("^([^%s\"']+)()", at)
  if not value then
    unparsable()
  end
  return value:lower() == "null" and json.null or value, behind
end

local function check_clause(clause)
  local kind = FIELDS[clause.field]
  if not kind then
    errors.early(("Field `%s` is an unsupported search field for resource `customers`. See "
      .. "http://stripe.com/docs/search#query-fields-for-customers for a list of supported fields.")
      :format(clause.field), "query")
  elseif clause.operator:find("[<>]") and kind ~= "number" or clause.operator == "~" and kind ~= "string" then
    errors.early(("Operator `%s` is not supported for field `%s`."):format(clause.operator, clause.field),
      "query")
  elseif clause.operator == "~" and (clause.value == json.null or utf8.len(clause.value) < 3) then
    errors.early("Substring search values must have at least 3 characters.", "query")
  elseif kind == "number" and not tonumber(clause.value) then
    unparsable()
  end
  return clause
end

local function read_clause(text, at)
  local clause = { negated = text:sub(at, at) == "-" }
  clause.field, clause.key, at = read_field(text, clause.negated and at + 1 or at)
  clause.operator, at = read_operator(text, at)
  clause.value, at = read_value(text, at)
  return check_clause(clause), at
end

-- The word between two clauses, and where the next one begins.
local function read_joiner(text, at)
  local word, behind = text:match("^(%a+)%s+()", at)
  word = word and word:upper()
  if word == "AND" or word == "OR" then
    return word, behind
  end
  return "AND", at
end

-- A query -> its clauses, and "AND" or "OR".
return function(text)
  local clauses, joiner = {}, nil
  local at = text:match("^%s*()")
  while at <= #text do
    if #clauses > 0 then
      local word
      word, at = read_joiner(text, at)
      if joiner and joiner ~= word then
        errors.early("We were unable to parse your search query. You can't mix AND and OR in one query.",
          "query")
      end
      joiner = word
    end
    clauses[#clauses + 1], at = read_clause(text, at)
    at = text:match("^%s*()", at)
  end
  if #clauses == 0 or #clauses > MAX_CLAUSES then
    unparsable()
  end
  return clauses, joiner or "AND"
end
