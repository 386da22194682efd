// SPDX-License-Identifier: MIT
// "Continue with Google": off to usher's start of it, with what the form knows already. usher does the rest, and comes
// back to the console, or here where this page is the console.
import { address } from './address.js';

const CALLBACK = '/api/account/sso/callback';

// The way back must come to the host that set the cookie, if that is one of those that are registered.
function callback(settings) {
  const here = location.origin + location.pathname.replace(/\/signup$/, '') + CALLBACK;
  return settings.google.callback_urls.includes(here) ? here : null;
}

function returnTo(settings) {
  if (address.returnTo) return address.returnTo;
  const path = address.below(settings.console_url);
  return path ? `${path}?signed_in=google` : null;
}

// fields: {organization, country, stripe_token?}
export function googleAddress(settings, fields) {
  const query = new URLSearchParams();
  const all = { ...fields, ...address.utm, return_to: returnTo(settings), callback_url: callback(settings) };
  for (const [name, value] of Object.entries(all)) {
    if (value) query.set(name, value);
  }
  return `api/account/sso/google?${query}`;
}
