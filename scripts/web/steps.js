// SPDX-License-Identifier: MIT
// Which step is seen. The address says it (nothing or #confirm), so that reload, back and forward do what they say; the
// last step stays whatever is pressed, because its key is shown once. Only another card (#card) leads to the form and back.
let last = null; // the step that ended it
let seen = null;

function show(name) {
  for (const section of document.querySelectorAll('main > section')) {
    section.hidden = section.id !== `${name}-step`;
  }
  const heading = document.querySelector(`#${name}-step h1`);
  document.title = heading.textContent;
  if (seen && seen !== name) heading.focus();
  seen = name;
}

// The last step: nothing leads away from it but a link, a reload or askForCard.
export function finish(name) {
  last = name;
  if (name === 'key') history.replaceState(null, '', '#key');
  show(name);
}

export const hasFinished = () => last !== null;

// Not the last yet: the code's step goes on.
export function resume() {
  last = null;
  location.hash = 'confirm';
}

// The form once more, for another card.
export function askForCard() {
  history.pushState(null, '', '#card');
  show('form');
}

// arrivals: {form, code}, each called when its step is shown.
export function route(arrivals) {
  const follow = () => {
    if (last) {
      show(location.hash === '#card' ? 'form' : last);
      return;
    }
    const name = location.hash === '#confirm' ? 'code' : 'form';
    arrivals[name]();
    show(name);
  };
  addEventListener('popstate', follow);
  follow();
}
