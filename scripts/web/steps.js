// SPDX-License-Identifier: MIT
// Which step is seen. The address says it (nothing or #confirm), so that reload, back and forward do what they say; the
// last step stays whatever is pressed, because its key is shown once.
const TITLES = { form: 'Create your account', code: 'Read your mail', key: 'Your account is ready',
  welcome: 'Your account is ready' };

let finished = false;
let seen = null;

function show(name) {
  for (const section of document.querySelectorAll('main > section')) {
    section.hidden = section.id !== `${name}-step`;
  }
  document.title = TITLES[name];
  if (seen && seen !== name) document.querySelector(`#${name}-step h1`).focus();
  seen = name;
}

// The last step: nothing leads away from it but a link or a reload.
export function finish(name) {
  finished = true;
  if (name === 'key') history.replaceState(null, '', '#key');
  show(name);
}

// arrivals: {form, code}, each called when its step is shown.
export function route(arrivals) {
  const follow = () => {
    if (finished) return;
    const name = location.hash === '#confirm' ? 'code' : 'form';
    arrivals[name]();
    show(name);
  };
  addEventListener('popstate', follow);
  follow();
}
