-- SPDX-License-Identifier: MIT
-- Sandbox: what people send to its own switches on the mailbox's listener: a JSON object of members that are known. A
-- misspelt one is refused by name, with the nearest that there is; nothing is ignored.
local json, nearest = require "json", require "nearest"
local sorted_names = require "sandbox.sorted_names"

local members = {}

-- known: name -> anything; path: "error." for an object within. -> what is wrong | nil
function members.problem(fields, known, path)
  path = path or ""
  for _, name in ipairs(sorted_names(fields)) do
    if known[name] == nil then
      return ("there is no %s%s; did you mean %s%s?"):format(path, name, path, (nearest(name, known)))
    end
  end
end

-- A text that is one of the known -> what is wrong | nil
function members.choice(name, value, known)
  if type(value) == "string" and known[value] ~= nil then return nil end
  local choices, guess = table.concat(sorted_names(known), ", "), ""
  if type(value) == "string" then
    local meant, edits = nearest(value, known)
    guess = edits * 2 <= #value and ("; did you mean %s?"):format(meant) or ""
  end
  return ("%s is one of %s%s"):format(name, choices, guess)
end

function members.refuse(message)
  return { status = 400, json = { message = message } }
end

-- A query of known names -> the reply that refuses another | nil
function members.refuse_query(req, known)
  local problem = members.problem(req.query or {}, known)
  return problem and members.refuse(problem) or nil
end

-- A request's body -> fields | nil, the reply that refuses
function members.of(req, known)
  local fields = json.decode(req.body)
  if type(fields) ~= "table" or json.is_array(fields) then return nil, members.refuse "the body is a JSON object" end
  local problem = members.problem(fields, known)
  if problem then return nil, members.refuse(problem) end
  return fields
end

return members
