-- SPDX-License-Identifier: MIT
-- What a browser may do with the sign-up page: its own files and its own server, and of others only those hosts that
-- the settings make it need. No inline script or style, no frame around it, and no form that the browser sends itself:
-- a password never gets into an address.
local config = require "config"

local STRIPE <const> = {
  ["script-src"] = "https://js.stripe.com", ["connect-src"] = "https://api.stripe.com",
  ["frame-src"] = "https://js.stripe.com https://hooks.stripe.com",
}

local CAPTCHAS <const> = {
  turnstile = { ["script-src"] = "https://challenges.cloudflare.com",
    ["frame-src"] = "https://challenges.cloudflare.com" },
  hcaptcha = { ["script-src"] = "https://hcaptcha.com https://*.hcaptcha.com",
    ["connect-src"] = "https://hcaptcha.com https://*.hcaptcha.com",
    ["frame-src"] = "https://hcaptcha.com https://*.hcaptcha.com",
    ["style-src"] = "https://hcaptcha.com https://*.hcaptcha.com" },
  recaptcha = { ["script-src"] = "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/",
    ["frame-src"] = "https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/" },
}

local ORDER <const> = { "default-src", "script-src", "style-src", "img-src", "connect-src", "frame-src", "form-action",
  "base-uri", "frame-ancestors" }


local function content_security_policy()
  local allowed = {
    ["default-src"] = "'none'", ["script-src"] = "'self'", ["style-src"] = "'self'", ["img-src"] = "'self'",
    ["connect-src"] = "'self'", ["form-action"] = "'none'", ["base-uri"] = "'none'", ["frame-ancestors"] = "'none'",
  }
  local function allow(hosts)
    for name, list in pairs(hosts) do
      allowed[name] = allowed[name] and allowed[name] .. " " .. list or list
    end
  end
  if config.stripe.publishable_key ~= "" then allow(STRIPE) end
  if config.captcha.site_key ~= "" then allow(CAPTCHAS[config.captcha.provider] or {}) end
  if config.page.client_id ~= "" then -- nil without a domain
    allow { ["connect-src"] = config.sso.domain_url:match("^%w+://[^/]+") }
  end
  local parts = {}
  for _, name in ipairs(ORDER) do
    if allowed[name] then parts[#parts + 1] = name .. " " .. allowed[name] end
  end
  return table.concat(parts, "; ")
end


-- The headers that each of the page's files goes with.
return {
  ["Content-Security-Policy"] = content_security_policy(),
  ["X-Frame-Options"] = "DENY",
  ["Referrer-Policy"] = "same-origin",
  ["Cross-Origin-Resource-Policy"] = "same-origin",
  ["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()",
}
