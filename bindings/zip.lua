-- SPDX-License-Identifier: MIT
-- bindings: writes a ZIP archive of stored members (APPNOTE 4.3), with Unix modes, the same bytes for the same members.
-- lambda_package.lua calls it. Does not yield.
local crypto = require "crypto"

local zip = {}

local VERSION <const> = 20                       -- 2.0: folders, nothing else is needed
local UNIX <const> = 3 << 8                      -- made on Unix: the upper half of the attributes is st_mode
local REGULAR <const> = 0x8000                   -- S_IFREG
local TIME <const>, DATE <const> = 0, 0x21       -- 1980-01-01, the format's first day


-- The fields that a member's own header and the directory share.
local function common(member)
  return ("<I2I2I2I2I2I4I4I4I2I2"):pack(VERSION, 0, 0, TIME, DATE, crypto.crc32(member.data), #member.data,
    #member.data, #member.name, 0)
end


-- members: list of { name=, data=, mode= like 0x1ED } -> list of strings: the archive, in pieces
function zip.pieces(members)
  local pieces, directory, offset = {}, {}, 0
  for _, member in ipairs(members) do
    local shared = common(member)
    local header = "PK\3\4" .. shared .. member.name
    directory[#directory + 1] = "PK\1\2" .. ("<I2"):pack(UNIX | VERSION) .. shared
      .. ("<I2I2I2I4I4"):pack(0, 0, 0, (REGULAR | member.mode) << 16, offset) .. member.name
    pieces[#pieces + 1], pieces[#pieces + 2] = header, member.data
    offset = offset + #header + #member.data
  end
  local listing = table.concat(directory)
  pieces[#pieces + 1] = listing
  pieces[#pieces + 1] = "PK\5\6" .. ("<I2I2I2I2I4I4I2"):pack(0, 0, #members, #members, #listing, offset, 0)
  return pieces
end


return zip
