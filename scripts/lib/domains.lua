-- SPDX-License-Identifier: MIT
-- Which addresses a list of the settings means. An entry is a domain, compared exactly with what stands after the
-- address's last @ (no subdomain, no suffix), or, with an @ in it, a whole address.
local domains = {}


-- "\"a@b\"@Example.COM." -> "example.com"
function domains.of(address)
  return (address:match("@([^@]*)$") or ""):lower():gsub("%.$", "")
end


function domains.listed(list, address)
  local domain, whole = domains.of(address), address:lower()
  for _, entry in ipairs(list) do
    entry = entry:lower()
    if entry == domain or entry:find("@", 1, true) and entry == whole then return true end
  end
  return false
end


return domains
