// SPDX-License-Identifier: MIT
// Does a person sit here? The widget of the provider that the settings name; in the sandbox a box to tick. A token is
// good for one answer, so a refusal asks anew.
import { newKey } from './api.js';
import { loadScript } from './script.js';

const ID = 'captcha_token';
const READY = 'onCaptchaReady'; // the vendors' scripts call it
const NO_PROVIDER = 'This question cannot be asked just now. Please load this page again.';

// The three speak alike: window[name].render(element, {sitekey, callback}) and .reset(widget).
const PROVIDERS = {
  turnstile: { url: 'https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit', name: 'turnstile' },
  hcaptcha: { url: 'https://js.hcaptcha.com/1/api.js?render=explicit', name: 'hcaptcha' },
  recaptcha: { url: 'https://www.google.com/recaptcha/api.js?render=explicit', name: 'grecaptcha' },
};

function box(place) {
  const label = document.createElement('label');
  label.className = 'check';
  const input = document.createElement('input');
  Object.assign(input, { type: 'checkbox', id: ID, name: ID });
  input.setAttribute('aria-describedby', `${ID}-error`);
  label.append(input, 'I am a person, and this is the sandbox');
  place.append(label);
  let token = null;
  input.addEventListener('change', () => { token = input.checked ? `once:${newKey()}` : null; });
  return {
    token: () => token,
    reset() {
      input.checked = false;
      token = null;
    },
  };
}

async function widget(place, settings) {
  const provider = PROVIDERS[settings.provider];
  const element = document.createElement('div');
  Object.assign(element, { id: ID, tabIndex: -1 });
  element.dataset.field = ID;
  place.append(element);
  let token = null;
  await new Promise((resolve, reject) => {
    window[READY] = resolve;
    loadScript(`${provider.url}&onload=${READY}`).catch(reject);
  });
  const forget = () => { token = null; };
  const vendor = window[provider.name];
  const id = vendor.render(element, { sitekey: settings.site_key, callback: (given) => { token = given; },
    'expired-callback': forget, 'error-callback': forget });
  return {
    token: () => token,
    reset() {
      forget();
      vendor.reset(id);
    },
  };
}

// settings: {provider, site_key} | undefined: nobody asks. -> {token(): the token | null, reset()}
export function captchaField(place, settings, problems) {
  if (!settings) return { isOn: false, token: () => null, reset() {} };
  place.hidden = false;
  if (settings.provider === 'test') return { isOn: true, ...box(place) };
  let field = null;
  widget(place, settings).then((ready) => { field = ready; },
    () => problems.mark(place.querySelector(`#${ID}`), { message: NO_PROVIDER }));
  return { isOn: true, token: () => field?.token() ?? null, reset: () => field?.reset() };
}
