-- SPDX-License-Identifier: MIT
-- From a dossier to findings: runs the rules and writes their sentences. Pure: facts in, findings out.
local rules, standing = require "lib.rules", require "lib.standing"

local diagnosis = {}


local function fill(text, fields)
  return text and (text:gsub("{([%w_]+)}", function(name)
    return tostring(fields[name] or ("<" .. name .. ">"))
  end))
end


-- A word as a shell takes it: addresses may hold quotes.
local function quoted(word)
  if not word:find("[^%w@%%+=:,./_-]") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end


local function command_of(rule, fields)
  local quoting = setmetatable({}, { __index = function(_, name)
    return fields[name] and quoted(tostring(fields[name]))
  end })
  return fill(rule.command, quoting)
end


local function finding(rule, fields, facts)
  local common = { email = facts.email or facts.asked, asked = facts.asked, pool = facts.pool }
  setmetatable(fields, { __index = common })
  local stores = fields.stores
  if stores == nil then stores = rule.stores end
  return {
    kind = rule.kind, level = rule.level, action = rule.action,
    symptom = fields.symptom or rule.symptom, stores = stores or nil,
    says = fill(rule.says, fields), command = command_of(rule, fields),
    subject = fields.account or fields.id or fields.sub,
  }
end


-- -> list of findings, in the order of the rules, and the standing that they were judged by
function diagnosis.of(facts)
  local findings, is = {}, standing.of(facts)
  for _, rule in ipairs(rules) do
    local found = rule.each and rule.each(facts, is) or { rule.when and rule.when(facts, is) or nil }
    for _, fields in ipairs(found) do
      findings[#findings + 1] = finding(rule, fields, facts)
    end
  end
  return findings, is
end


-- Is anything wrong? What only waits for the person, or explains, is not.
function diagnosis.is_healthy(findings)
  for _, found in ipairs(findings) do
    if found.level == "wrong" then return false end
  end
  return true
end


return diagnosis
