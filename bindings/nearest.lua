-- SPDX-License-Identifier: MIT
-- bindings: the right name for a misspelt one, for messages that ask "did you mean …?". Does not yield.

-- The number of single edits between two names.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local above = row[j]
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(above + 1, row[j - 1] + 1, diagonal + cost)
      diagonal = above
    end
  end
  return row[#b]
end

-- nearest("hots", { host = …, port = … }) -> "host", the number of edits to it | nil: there are no names at all
return function(name, known)
  local best, best_distance
  for candidate in pairs(known) do
    local d = distance(name, candidate)
    if not best or d < best_distance or (d == best_distance and candidate < best) then
      best, best_distance = candidate, d
    end
  end
  return best, best_distance
end
