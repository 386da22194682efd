// SPDX-License-Identifier: MIT
// The page's start: asks what the settings say, sets each step up, and shows the one that the address names.
import { address } from './address.js';
import { CodeStep } from './code.js';
import { FormStep } from './form.js';
import { showKey, takeCard } from './key.js';
import { progress } from './progress.js';
import { Reveal } from './reveal.js';
import { askForCard, finish, hasFinished, resume, route } from './steps.js';

const byId = (id) => document.getElementById(id);

async function settingsOf() {
  const response = await fetch('signup/settings.json');
  if (!response.ok) throw new Error(`settings: ${response.status}`);
  return response.json();
}

function showConsole(settings) {
  const target = address.console(settings.console_url);
  if (!target) return;
  byId('sign-in').hidden = false;
  byId('sign-in-link').href = target;
  for (const link of document.querySelectorAll('[data-console]')) {
    link.href = target;
    link.parentElement.hidden = false;
  }
}

function showMailbox(settings) {
  byId('mailbox').hidden = !settings.mailbox_url;
  if (settings.mailbox_url) byId('mailbox-link').href = settings.mailbox_url;
}

function onSignedUp(answer, email, code) {
  if (hasFinished()) {
    onCardTaken(email, code);
    return;
  }
  if (answer.next !== 'sign_in') {
    code.begin(answer, email);
    location.hash = 'confirm';
    return;
  }
  byId('welcome-google').hidden = true;
  byId('welcome-password').hidden = false;
  finish('welcome');
}

function onKey(answer) {
  progress.set({ done: answer.visible_account_id, has_key: Boolean(answer.api_key),
    card_refused: answer.card_accepted === false });
  showKey(answer);
  finish('key');
}

// The account was there already, or is now: then the same code shows the key.
function onCardTaken(email, code) {
  progress.set({ email, card_refused: false });
  if (takeCard()) {
    finish('key');
    return;
  }
  resume();
  code.again();
}

// What is known after a reload.
function knownKey() {
  const done = progress.get('done');
  if (!done || !['#key', '#card'].includes(location.hash)) return null;
  return { visible_account_id: done, api_key: progress.get('has_key') ? {} : undefined,
    card_accepted: !progress.get('card_refused') };
}

async function start() {
  const settings = await settingsOf();
  showConsole(settings);
  showMailbox(settings);
  const code = new CodeStep(settings, onKey);
  const form = new FormStep(settings, (answer, email) => onSignedUp(answer, email, code));
  const reveal = new Reveal(settings, onKey);
  byId('another-card').addEventListener('click', () => {
    askForCard();
    form.refuseCard();
  });
  const known = knownKey();
  if (known) onKey(known);
  else if (address.signedIn || reveal.isBack) finish('welcome');
  route({ form: () => {}, code: () => code.show() });
  if (reveal.isBack) reveal.comeBack();
  else if (address.error) form.refusedByGoogle(address.error);
}

start().catch((problem) => {
  byId('failed').hidden = false;
  throw problem;
});
