// SPDX-License-Identifier: MIT
// The API key after Google, as any console gets it: the hosted UI knows who is signed in, gives this page's own app client
// a code (PKCE, no secret), the code becomes tokens, and one of them asks usher for the key. The tokens are in no address
// and in no storage.
import { address } from './address.js';
import { newKey, post, Refusal } from './api.js';
import { progress } from './progress.js';
import { Work } from './work.js';

const byId = (id) => document.getElementById(id);
const here = () => location.origin + location.pathname;

async function challengeOf(verifier) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
  return btoa(String.fromCharCode(...hash)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

export class Reveal {
  // onKey(answer)
  constructor(settings, onKey) {
    Object.assign(this, { google: settings.google, failed: settings.messages.sso_failed, onKey });
    this.work = new Work(byId('reveal'), byId('welcome-wait'), (refusal) => this.#tell(refusal.message));
    byId('reveal').hidden = !this.google?.client_id || !crypto.subtle;
    byId('reveal-later').hidden = !byId('reveal').hidden;
    byId('reveal').addEventListener('click', () => this.work.run(() => this.#leave()));
  }

  // Is this the way back of #leave?
  get isBack() {
    return Boolean(address.state) && Boolean(this.google?.client_id);
  }

  // Goes on where #leave left off.
  comeBack() {
    const asked = progress.get('reveal');
    progress.set({ reveal: null });
    this.work.run(async () => {
      if (!asked || asked.state !== address.state || !address.code) throw new Refusal(400, { message: this.failed });
      this.work.say('Your API key is being asked for…');
      const headers = { Authorization: `Bearer ${await this.#redeem(asked.verifier)}` };
      this.onKey(await post('api/account/api_key', {}, { headers, patience: this.work.patience }));
    });
  }

  async #leave() {
    const asked = { state: newKey(), verifier: newKey() + newKey() };
    progress.set({ reveal: asked });
    const query = new URLSearchParams({ response_type: 'code', client_id: this.google.client_id, redirect_uri: here(),
      scope: 'openid', state: asked.state, code_challenge: await challengeOf(asked.verifier),
      code_challenge_method: 'S256' });
    location.assign(`${this.google.domain_url}/oauth2/authorize?${query}`);
  }

  // -> access token
  async #redeem(verifier) {
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: this.google.client_id,
      code: address.code, redirect_uri: here(), code_verifier: verifier });
    const answer = await fetch(`${this.google.domain_url}/oauth2/token`, { method: 'POST', body, credentials: 'omit' })
      .then((response) => (response.ok ? response.json() : {}), () => ({}));
    if (!answer.access_token) throw new Refusal(400, { message: this.failed });
    return answer.access_token;
  }

  #tell(message) {
    byId('reveal-error').textContent = message;
  }
}
