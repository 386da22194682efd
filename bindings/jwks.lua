-- SPDX-License-Identifier: MIT
-- bindings: the keys by which issuers sign, fetched when they are needed and kept by each worker. oidc.lua asks.
-- However many wait, one fetch is under way at a time. Keys are asked for again when they are old, and when a token
-- names one that is not among them: the latter at most once in a cool-down, so that nobody can make us ask for every
-- forged token. While the issuer does not answer, the old keys are good for a bounded time.
local clock, http, json = require "clock", require "http", require "json"
local log, metrics, task = require "log", require "metrics", require "task"

local jwks = {}

local MOST_BYTES <const> = 256 * 1024
local GLANCE <const> = 0.01 -- seconds between two looks at a fetch that another task started

local caches = {} -- url -> {keys=, kids=, fetched_at=, failed_at=, searched_at=, busy=}


-- Only keys that may verify RS256; whatever else an issuer lists is not for us. -> jwks document, set of kids
local function usable(document)
  local keys, kids = {}, {}
  for _, entry in ipairs(type(document) == "table" and type(document.keys) == "table" and document.keys or {}) do
    local fits = type(entry) == "table" and entry.kty == "RSA" and type(entry.kid) == "string"
      and (entry.use == nil or entry.use == "sig") and (entry.alg == nil or entry.alg == "RS256")
    if fits and not kids[entry.kid] then
      keys[#keys + 1], kids[entry.kid] = entry, true
    end
  end
  if #keys == 0 then return nil end
  return { keys = keys }, kids
end


-- -> keys, kids | nil, what went wrong
local function fetch(url, timeout)
  local started = clock.monotonic()
  local response, err = http.fetch { url = url, timeout = timeout, max_response = MOST_BYTES, repeatable = true }
  metrics.observe("usher_upstream_seconds", clock.monotonic() - started, {
    service = "jwks", operation = "fetch", status = response and tostring(response.status) or err.kind,
  })
  if not response then return nil, err.kind end
  if response.status ~= 200 then return nil, "http_" .. response.status end
  local keys, kids = usable(json.decode(response.body))
  if not keys then return nil, "no_keys" end
  return keys, kids
end


local function store(cache, url, timeout)
  local ok, keys, more = pcall(fetch, url, timeout)
  if ok and keys then
    cache.keys, cache.kids, cache.fetched_at, cache.failed_at = keys, more, clock.monotonic(), nil
  else
    cache.failed_at = clock.monotonic()
    log.warn("jwks_unavailable", { url = url, error_code = ok and more or tostring(keys) })
  end
  cache.busy = false
end


-- A task of its own: the request that began it may end before it does.
local function refresh(cache, url, options)
  if not cache.busy then
    cache.busy = true
    task.spawn(store, cache, url, options.timeout)
  end
  while cache.busy do clock.sleep(GLANCE) end
end


local function is_cooling(moment, now, options)
  return moment ~= nil and now - moment < options.cool_down
end


-- Is it time to ask, or to wait for who is asking? Also notes that a key was searched for.
local function is_due(cache, kid, now, options)
  if not cache.keys then return true end
  if now - cache.fetched_at > options.max_age and not is_cooling(cache.failed_at, now, options) then return true end
  if cache.kids[kid] then return false end
  if is_cooling(cache.searched_at, now, options) then return cache.busy end
  cache.searched_at = now
  return true
end


-- The keys of an issuer, for a token whose header names kid. options: {max_age=, cool_down=, stale=, timeout=}, all
-- seconds. -> {keys = {…}} as jwt.verify takes it | nil: there are none, or they are too old. Yields.
function jwks.get(url, kid, options)
  local cache = caches[url] or {}
  caches[url] = cache
  if is_due(cache, kid, clock.monotonic(), options) then refresh(cache, url, options) end
  if cache.keys and clock.monotonic() - cache.fetched_at <= options.max_age + options.stale then return cache.keys end
  return nil
end


return jwks
