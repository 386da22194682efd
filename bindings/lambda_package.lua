-- SPDX-License-Identifier: MIT
-- `usher lambda --package OUT.zip [--config FILE]`: everything that a function needs where no library of this machine
-- is: this binary, the shared libraries it runs with, their loader, the trusted certificates, the settings.
local process, zip = require "process", require "zip"

local EXECUTABLE <const>, READABLE <const> = tonumber("755", 8), tonumber("644", 8)

-- Where the system keeps what it trusts: Debian, Fedora and Amazon Linux, Alpine.
local CERTIFICATES <const> = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem" }

-- Lambda starts this. The loader is named, so that it finds the libraries beside it and no others.
local BOOTSTRAP <const> = [[
#!/bin/sh
cd "${LAMBDA_TASK_ROOT:-${0%%/*}}" || exit 1
export SSL_CERT_FILE="${SSL_CERT_FILE:-$PWD/lib/certificates.pem}"
exec ./lib/%s --library-path ./lib ./usher lambda "$@"
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


-- The libraries under the names by which they are looked for -> members, name of the loader
local function libraries()
  local members, loader = {}, nil
  for _, path in ipairs(process.libraries()) do
    local name = path:match("[^/]+$")
    if name:find("^ld%-") then loader = name end
    members[#members + 1] = { name = "lib/" .. name, data = assert(read(path)), mode = EXECUTABLE }
  end
  table.sort(members, function(a, b) return a.name < b.name end)
  return members, loader or error("this binary runs without a dynamic loader", 0)
end


local function members_of(config_path)
  local members, loader = libraries()
  table.insert(members, 1, { name = "bootstrap", data = BOOTSTRAP:format(loader), mode = EXECUTABLE })
  table.insert(members, 2, { name = "usher", data = assert(read "/proc/self/exe"), mode = EXECUTABLE })
  members[#members + 1] = { name = "lib/certificates.pem", data = certificates(), mode = READABLE }
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
