// SPDX-License-Identifier: MIT
// Step 3: the API key, shown once. It is nowhere but in its field; leaving before it is copied asks first.
const byId = (id) => document.getElementById(id);

async function copy(input) {
  input.select();
  try {
    await navigator.clipboard.writeText(input.value);
    return true;
  } catch {
    return document.execCommand('copy'); // without HTTPS there is no other way
  }
}

// Another card was taken. -> was the account there already?
export function takeCard() {
  byId('key-card').hidden = true;
  byId('card-taken').textContent = 'Your card was accepted.';
  return !byId('card-wanted').hidden;
}

function askBeforeLeaving(event) {
  event.preventDefault();
}

async function onCopy() {
  const done = await copy(byId('secret'));
  byId('copied').textContent = done ? 'Copied. Keep it where you keep passwords.'
    : 'It is selected: copy it with Ctrl+C or ⌘C.';
  if (done) removeEventListener('beforeunload', askBeforeLeaving);
}

// answer: {visible_account_id, api_key?: {id, secret?}, card_accepted?: false}
export function showKey(answer) {
  const value = answer.api_key?.secret;
  const refused = answer.card_accepted === false;
  byId('account').textContent = answer.visible_account_id;
  byId('key-shown').hidden = !value;
  byId('key-gone').hidden = Boolean(value) || !answer.api_key;
  byId('key-later').hidden = Boolean(answer.api_key) || refused;
  byId('key-card').hidden = !refused;
  byId('card-wanted').hidden = !answer.api_key;
  byId('card-needed').hidden = Boolean(answer.api_key);
  document.querySelector('#key-step h1').textContent = answer.api_key ? 'Your account is ready'
    : 'Your e-mail address is confirmed';
  if (!value) return;
  byId('secret').value = value;
  byId('secret').addEventListener('focus', (event) => event.target.select());
  byId('copy').addEventListener('click', onCopy);
  addEventListener('beforeunload', askBeforeLeaving);
}
