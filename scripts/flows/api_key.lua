-- SPDX-License-Identifier: MIT
-- POST /api/account/api_key: the default key's secret, once, for who is signed in. Those who came by Google have not
-- seen it at any confirmation.
local account, api_key, bearer = require "lib.account", require "lib.api_key", require "lib.sso.bearer"
local federated, saga, trouble = require "lib.federated", require "lib.saga", require "lib.trouble"

return saga.flow("API_KEY", function(req, visit)
  -- 1. An ID or access token of the user pool, for one of our clients.
  local claims = bearer.check(visit, req)

  -- 2. The account that they own. One that is missing is made now; who belongs to another's has none.
  local id = account.owned_by(visit, claims.username)
  if not id then
    federated.ensure(visit, req, bearer.person(visit, claims), {})
    id = account.owned_by(visit, claims.username) or trouble.refuse(visit, "account", 404, "not_found")
  end

  -- 3. Mint the secret, store its hash, show it once.
  return {
    status = 200,
    headers = { ["Cache-Control"] = "no-store" },
    json = { visible_account_id = id, api_key = api_key.reveal_default(visit, id) },
  }
end, nil, "google")
