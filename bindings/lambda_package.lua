-- SPDX-License-Identifier: MIT
-- `usher lambda --package OUT.zip [--config FILE]`: what a function needs beside the runtime's C library, which is this
-- binary, the trusted certificates and the settings.
local zip = require "zip"

local EXECUTABLE <const>, READABLE <const> = tonumber("755", 8), tonumber("644", 8)
local RUNTIME_GLIBC <const> = 34                 -- Amazon Linux 2023 has 2.34

-- Where the system keeps what it trusts: Debian, Fedora and Amazon Linux, Alpine.
local CERTIFICATES <const> = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem" }

-- Lambda starts this.
local BOOTSTRAP <const> = [[
#!/bin/sh
cd "${LAMBDA_TASK_ROOT:-${0%/*}}" || exit 1
export SSL_CERT_FILE="${SSL_CERT_FILE:-$PWD/certificates.pem}"
exec ./usher lambda "$@"
]]


local function read(path)
  local file, problem = io.open(path, "rb")
  if not file then return nil, problem end
  local data = file:read "a"
  file:close()
  return data
end


local function certificates()
  for _, path in ipairs(CERTIFICATES) do
    local data = read(path)
    if data then return data end
  end
  error("the system's trusted certificates are not found: install ca-certificates", 0)
end


-- The names of the versions of the C library that it wants stand in the binary.
local function binary()
  local data, newest = assert(read "/proc/self/exe"), 0
  for minor in data:gmatch "GLIBC_2%.(%d+)\0" do newest = math.max(newest, tonumber(minor)) end
  if newest <= RUNTIME_GLIBC then return data end
  error(("this binary needs glibc 2.%d, and the runtime provided.al2023 has 2.%d: build it on Debian 12, or use a "
    .. "container image"):format(newest, RUNTIME_GLIBC), 0)
end


local function members_of(config_path)
  local members = {
    { name = "bootstrap", data = BOOTSTRAP, mode = EXECUTABLE },
    { name = "usher", data = binary(), mode = EXECUTABLE },
    { name = "certificates.pem", data = certificates(), mode = READABLE },
  }
  if config_path then
    members[#members + 1] = { name = "usher.lua", data = assert(read(config_path)), mode = READABLE }
  end
  return members
end


local function write(path, pieces)
  local file = assert(io.open(path, "wb"))
  for _, piece in ipairs(pieces) do assert(file:write(piece)) end
  assert(file:close())
end


return function(path, config_path)
  local ok, problem = pcall(function()
    local members = members_of(config_path)
    write(path, zip.pieces(members))
    print(("%s: %d files for the runtime provided.al2023; set the function's handler to the module, like "
      .. "triggers.pre_sign_up"):format(path, #members))
  end)
  if ok then return 0 end
  io.stderr:write("usher: ", tostring(problem), "\n")
  return 1
end
