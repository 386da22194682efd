-- SPDX-License-Identifier: MIT
-- bindings: the text of config/usher.lua -> a settings file that changes nothing: every setting is a comment with its
-- default, inside its section, so that deleting "--" is enough to set it. For `usher eject`.
local OPENING <const> = [[
-- Settings of usher, each with its default: remove the "--" of what you change, and leave the rest to the binary.
-- Values stand alone, too: `port = 9000`. Durations are in seconds, sizes in bytes, unless a comment says otherwise.
return {
]]

local function is_frame(line)
  return line == "" or line == "}" or line:find "^  },?$" or line:find "^  [%a_]+ = {%s*%-?%-?" and not line:find "}"
end

return function(defaults)
  local lines = {}
  for line in defaults:gsub("^.-\nreturn {\n", ""):gmatch "([^\n]*)\n" do
    if not is_frame(line) and not line:find "^%s*%-%-" then
      local indent, rest = line:match "^(%s*)(.*)$"
      rest = rest:gsub("   (%s+%-%- )", "%1", 1) -- the column of the comments stays
      line = indent:sub(1, 4) .. "-- " .. indent:sub(5) .. rest
    end
    lines[#lines + 1] = line
  end
  return OPENING .. table.concat(lines, "\n") .. "\n"
end
