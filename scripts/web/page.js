// SPDX-License-Identifier: MIT
// The page's start: asks what the settings say, sets each step up, and shows the one that the address names.
import { address } from './address.js';
import { CodeStep } from './code.js';
import { FormStep } from './form.js';
import { showKey } from './key.js';
import { progress } from './progress.js';
import { Reveal } from './reveal.js';
import { finish, route } from './steps.js';

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
  progress.set({ done: answer.visible_account_id });
  showKey(answer);
  finish('key');
}

async function start() {
  const settings = await settingsOf();
  showConsole(settings);
  showMailbox(settings);
  const code = new CodeStep(settings, onKey);
  const form = new FormStep(settings, (answer, email) => onSignedUp(answer, email, code));
  const reveal = new Reveal(settings, onKey);
  const done = location.hash === '#key' && progress.get('done');
  if (done) onKey({ visible_account_id: done, api_key: {} });
  else if (address.signedIn || reveal.isBack) finish('welcome');
  else route({ form: () => {}, code: () => code.show() });
  if (reveal.isBack) reveal.comeBack();
  else if (address.error) form.refusedByGoogle(address.error);
}

start().catch((problem) => {
  byId('failed').hidden = false;
  throw problem;
});
