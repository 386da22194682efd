// SPDX-License-Identifier: MIT
// What the page's own address brings (utm_*, return_to, what Google's way back said), and the console's address.
const query = new URLSearchParams(location.search);
const UTM = ['source', 'medium', 'campaign', 'term', 'content'];
const LONGEST = 256;

// People did not type these: what the server would refuse is left out.
function utm() {
  const found = {};
  for (const name of UTM) {
    const value = (query.get(`utm_${name}`) ?? '').trim();
    if (value && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value)) {
      found[`utm_${name}`] = [...value].slice(0, LONGEST).join('');
    }
  }
  return found;
}

function returnTo() {
  const path = query.get('return_to') ?? '';
  return /^\/(?![/\\])/.test(path) && new URL(path, location.origin).origin === location.origin ? path : null;
}

// A parameter that was for this one time.
function take(name) {
  const value = query.get(name);
  if (value === null) return null;
  query.delete(name);
  const rest = query.toString();
  history.replaceState(null, '', location.pathname + (rest ? `?${rest}` : '') + location.hash);
  return value;
}

const bare = (url) => url.replace(/\/+$/, '');
const oneName = (url) => url.replace('//localhost:', '//127.0.0.1:'); // of a developer's machine

export const address = {
  utm: utm(),
  returnTo: returnTo(),
  signedIn: query.get('signed_in') === 'google',
  state: take('state'), // of the hosted UI, with a code or an error
  code: take('code'),
  error: take('error'),

  // The path of this page below the console's address | null: the console is elsewhere
  below(consoleUrl) {
    const base = oneName(bare(consoleUrl));
    const here = oneName(location.origin + location.pathname);
    return base && here.startsWith(`${base}/`) ? here.slice(base.length) : null;
  },

  // Where "the console" leads | null: there is none, or it is this page
  console(consoleUrl) {
    if (!consoleUrl || address.below(consoleUrl)) return null;
    return bare(consoleUrl) + (address.returnTo ?? '/');
  },
};
