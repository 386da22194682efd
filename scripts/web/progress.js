// SPDX-License-Identifier: MIT
// What must survive a reload of this tab: the address the code went to, when mails were asked for, what was typed before
// Google. Never a password, a card, a code or a key; the proof is a cookie that no script can read.
const NAME = 'usher_signup';

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME)) ?? {};
  } catch {
    return {};
  }
}

let kept = read();

export const progress = {
  get: (name) => kept[name],

  set(changes) {
    kept = { ...kept, ...changes };
    try {
      sessionStorage.setItem(NAME, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing: it lasts as long as the page does.
    }
  },
};
