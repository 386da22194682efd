-- SPDX-License-Identifier: MIT
-- A report.view as a page for people: the stores side by side, the timeline, what is wrong. Nothing is wider
-- than 100 columns but a command that must be copied whole. Pure: -> text.
local json = require "json"

local page = {}

local WIDTH <const>, LABEL <const>, CELL <const> = 100, 10, 28


local function clean(value)
  if value == nil or value == json.null then return "–" end
  return (tostring(value):gsub("%c", "?"))
end


-- Cuts or fills to a width in characters.
local function fit(text, width)
  local length = utf8.len(text) or #text
  if length > width then return text:sub(1, (utf8.offset(text, width) or width) - 1) .. "…" end
  return text .. (" "):rep(width - length)
end


local function wrap(text, indent, lines)
  local line = indent
  for word in text:gmatch("%S+") do
    local longer = line == indent and line .. word or line .. " " .. word
    if (utf8.len(longer) or #longer) > WIDTH and line ~= indent then
      lines[#lines + 1] = line
      longer = indent .. word
    end
    line = longer
  end
  lines[#lines + 1] = line
end


local function side_by_side(lines, label, ...)
  local cells = { fit(label, LABEL) }
  for i = 1, 3 do cells[#cells + 1] = fit(clean((select(i, ...))), CELL) end
  lines[#lines + 1] = (table.concat(cells, "  "):gsub("%s+$", ""))
end


local function yes_no(value)
  if value == nil or value == json.null then return nil end
  return value and "yes" or "no"
end


local function person(lines, user, row, customer)
  user, row, customer = user or {}, row or {}, customer or {}
  local status = user.status and user.status .. (user.enabled == false and ", disabled" or "")
  side_by_side(lines, "", "Cognito", "DynamoDB", "Stripe")
  side_by_side(lines, "record", status, row.sub and "user record", customer.id)
  side_by_side(lines, "e-mail", user.email, row.email, customer.email)
  side_by_side(lines, "verified", yes_no(user.email_verified), yes_no(row.email_verified), nil)
  side_by_side(lines, "name", user.name, row.name, customer.name)
  side_by_side(lines, "country", nil, row.country, customer.country)
  side_by_side(lines, "company", nil, row.organization, nil)
end


local function membership(account)
  local mine, members = #account.users_with_membership, #account.members
  if mine == 0 and members == 0 then return "no membership" end
  return mine == members and "both memberships" or "half a membership"
end


local function accounts(lines, view)
  for _, account in ipairs(view.dynamodb.accounts) do
    local details = account.details ~= json.null and account.details or nil
    local customer
    for _, one in ipairs(view.stripe.customers) do
      if details and one.id == details.stripe_id then customer = one end
    end
    side_by_side(lines, "account", nil, details and account.id or "no record", customer and customer.account)
    side_by_side(lines, "", nil, membership(account), customer and
      (customer.default_payment_method and "card " .. customer.default_payment_method or "no card"))
    local keys = account.api_keys
    side_by_side(lines, "", nil, ("%d API key%s%s"):format(#keys, #keys == 1 and "" or "s",
      keys[1] and ", " .. keys[1].status or ""), nil)
  end
  if #view.dynamodb.accounts == 0 then side_by_side(lines, "account", nil, nil, nil) end
end


local function signup(lines, intent)
  if intent == json.null then return end
  side_by_side(lines, "sign-up", nil, intent.step .. (intent.is_leased and ", at work" or "")
    .. (intent.stopped_at and ", before " .. intent.stopped_at or ""), intent.stripe_id)
  local code = intent.code_accepted and "accepted" or intent.code_sent and "sent" or "not sent"
  side_by_side(lines, "code", nil, code, intent.card_declined and "card refused" or nil)
end


-- Further users, records and customers of the same address.
local function others(lines, view)
  for i = 2, #view.cognito.users do
    local user = view.cognito.users[i]
    side_by_side(lines, "also", user.status, user.username, nil)
  end
  for i = 2, #view.dynamodb.users do side_by_side(lines, "also", nil, view.dynamodb.users[i].sub, nil) end
  for i = 2, #view.stripe.customers do side_by_side(lines, "also", nil, nil, view.stripe.customers[i].id) end
end


local MARKS <const> = { wrong = "✗", waiting = "…", note = "·" }

local function findings(lines, list)
  for _, found in ipairs(list) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = ("%s %s  (%s)"):format(MARKS[found.level], found.symptom, found.kind)
    wrap(found.says, "    ", lines)
    if found.command then lines[#lines + 1] = "    → " .. found.command end
  end
end


function page.of(view)
  local user = view.cognito.users[1]
  local lines = { ("%s: %s"):format(clean(view.email or view.asked),
    view.healthy and "nothing is wrong" or "something is wrong") }
  if user then lines[#lines + 1] = "sub " .. clean(user.sub) .. (user.username ~= user.sub
    and "  username " .. clean(user.username) or "") end
  lines[#lines + 1] = ""
  person(lines, user, view.dynamodb.users[1], view.stripe.customers[1])
  accounts(lines, view)
  signup(lines, view.dynamodb.intent)
  others(lines, view)
  if #view.timeline > 0 then lines[#lines + 1] = "" end
  for _, entry in ipairs(view.timeline) do
    lines[#lines + 1] = fit(entry.at .. "  " .. clean(entry.what), WIDTH):gsub("%s+$", "")
  end
  findings(lines, view.findings)
  return table.concat(lines, "\n") .. "\n"
end


return page
