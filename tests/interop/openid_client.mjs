// SPDX-License-Identifier: MIT
// openid-client against the sandbox's hosted UI. Started by test_node_oidc.py with {"discovery", "client_id",
// "client_secret", "redirect_uri"}; prints the address to go to, reads the address that came back, prints the claims.
import { createInterface } from "node:readline/promises";
import * as openid from "openid-client";

const given = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin });
const metadata = await (await fetch(given.discovery)).json();
const config = new openid.Configuration(metadata, given.client_id, given.client_secret);
openid.allowInsecureRequests(config); // the sandbox speaks plain HTTP on loopback
openid.enableNonRepudiationChecks(config); // the signature counts too

const verifier = openid.randomPKCECodeVerifier();
const state = openid.randomState();
const nonce = openid.randomNonce();
const url = openid.buildAuthorizationUrl(config, {
  redirect_uri: given.redirect_uri,
  scope: "openid email profile",
  identity_provider: "Google",
  code_challenge: await openid.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
console.log(url.href);

const back = new URL((await lines[Symbol.asyncIterator]().next()).value);
lines.close();
const tokens = await openid.authorizationCodeGrant(config, back, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const claims = tokens.claims();
const who = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
const again = await openid.refreshTokenGrant(config, tokens.refresh_token);
await openid.tokenRevocation(config, tokens.refresh_token);
console.log(JSON.stringify({ claims, who, again: again.claims() }));
