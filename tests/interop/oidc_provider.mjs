// SPDX-License-Identifier: MIT
// An OpenID provider that nobody here wrote, in the place of the user pool's hosted UI: the same two addresses, and the
// claims that Cognito adds. Everybody is let in at once. Started by test_node_oidc.py with {"redirect_uri", "claims",
// "break"?}; prints its address.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const given = JSON.parse(process.argv[2]);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" };
const people = { jane: { sub: "jane", ...given.claims } };
let provider;

// Signs in, consents, and goes back, without a page.
async function admit(request, response) {
  const { prompt, params, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "jane" } });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: "jane", clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

const server = createServer((request, response) => {
  const handled = request.url.startsWith("/interaction/") ? admit(request, response) : callback(request, response);
  Promise.resolve(handled).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
});
let callback;

server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: [{
      client_id: "usher",
      client_secret: "usher0sandbox0client0secret0never0use0in0production",
      redirect_uris: [given.redirect_uri],
      token_endpoint_auth_method: "client_secret_post",
    }],
    jwks: { keys: [key] },
    cookies: { keys: ["only for tests"] },
    routes: { authorization: "/oauth2/authorize", token: "/oauth2/token", jwks: "/jwks" },
    claims: {
      openid: ["sub", "token_use", "cognito:username"],
      email: ["email", "email_verified"],
      profile: ["name"],
    },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({ accountId: id, claims: () => people[id] }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  });
  callback = provider.callback();
  console.log(issuer);
});
