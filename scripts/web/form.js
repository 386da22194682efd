// SPDX-License-Identifier: MIT
// Step 1, the form. What is right is the server's word: here only what is missing is told, and whatever it says is shown
// beside the field that it is about.
import { address } from './address.js';
import { newKey, post } from './api.js';
import { captchaField } from './captcha.js';
import { cardField } from './card.js';
import { fillCountries } from './countries.js';
import { googleAddress } from './google.js';
import { passwordField } from './password.js';
import { Problems } from './problems.js';
import { progress } from './progress.js';
import { Work } from './work.js';

const byId = (id) => document.getElementById(id);
const TYPED = ['name', 'email', 'organization', 'country', 'password'];

// A refusal of the whole that is about one field.
const ABOUT = { account_exists: 'email', card_not_accepted: 'stripe_token', card_required: 'stripe_token',
  captcha_failed: 'captcha_token' };

// The same body, but for card and captcha, is the same sign-up: its key stays, so that it is done once.
function keeper() {
  let [last, key] = [null, null];
  return (body) => {
    const text = JSON.stringify(body);
    if (text !== last) [last, key] = [text, newKey()];
    return key;
  };
}

export class FormStep {
  #form = byId('form');
  #keyOf = keeper();

  // onDone(answer, email)
  constructor(settings, onDone) {
    Object.assign(this, { settings, onDone });
    this.problems = new Problems(this.#form, byId('form-summary'));
    this.card = cardField(byId('card'), settings.card, this.problems);
    this.captcha = captchaField(byId('captcha'), settings.captcha, this.problems);
    this.work = new Work(byId('form-button'), byId('form-wait'), (refusal) => this.#refuse(refusal));
    fillCountries(byId('country'), settings.countries);
    passwordField(byId('password'), byId('password-rules'), byId('password-show'), settings.password);
    for (const [name, value] of Object.entries(progress.get('draft') ?? {})) this.#form.elements[name].value = value;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.work.run(() => this.#signUp());
    });
    if (settings.google) this.#offerGoogle();
  }

  #typed(names) {
    return Object.fromEntries(names.map((name) => [name, this.#form.elements[name].value]));
  }

  #missing() {
    const wrong = TYPED.filter((name) => !this.#form.elements[name].value.trim()).map((field) => (
      { field, message: field === 'country' ? 'Please choose a country.' : 'Please fill this in.' }));
    if (this.captcha.isOn && !this.captcha.token()) {
      wrong.push({ field: 'captcha_token', message: 'Please show that you are a person.' });
    }
    return wrong;
  }

  // -> the token | null, and it is said why
  async #cardToken() {
    try {
      return await this.card.token(this.#typed(['name', 'country']));
    } catch (problem) {
      this.problems.show([{ field: 'stripe_token', message: problem.message }]);
      return null;
    }
  }

  async #signUp() {
    const wrong = this.#missing();
    this.problems.show(wrong);
    if (wrong.length) return;
    this.work.say('Your account is being made…');
    const stripe_token = await this.#cardToken();
    if (!stripe_token) return;
    const same = { ...this.#typed(TYPED), ...address.utm };
    const fields = { ...same, stripe_token, captcha_token: this.captcha.token() ?? undefined };
    const how = { headers: { 'Idempotency-Key': this.#keyOf(same) }, patience: this.work.patience };
    this.onDone(await post('api/account/signup', fields, how), fields.email.trim());
  }

  #refuse(refusal) {
    const wrong = refusal.fields.length ? refusal.fields : [this.#whole(refusal.code, refusal.message)];
    if (wrong.some((one) => one.field === 'stripe_token')) this.card.refused();
    else this.captcha.reset(); // with another card the sign-up is known, and its answer with it
    this.problems.show(wrong);
  }

  #whole(code, message) {
    const signIn = byId('sign-in-link').href;
    return { field: Object.hasOwn(ABOUT, code) ? ABOUT[code] : undefined, message,
      link: code === 'account_exists' && signIn ? { href: signIn, text: 'Sign in' } : null };
  }

  // Stripe has said no after all: what was typed stands there still, and with another card it is the same sign-up.
  refuseCard() {
    this.card.refused();
    this.problems.show([this.#whole('card_not_accepted', this.settings.messages.card_not_accepted)]);
  }

  // What the way back from Google said.
  refusedByGoogle(code) {
    const known = Object.hasOwn(this.settings.messages, code);
    const message = known ? this.settings.messages[code] : 'Something went wrong on our side. Please try again.';
    const problem = this.#whole(code, message);
    if (problem.field !== 'stripe_token') delete problem.field; // the address is Google's, and not in the form
    this.problems.show([problem]);
  }

  #offerGoogle() {
    byId('google').hidden = false;
    byId('google-card').hidden = !this.settings.google.card_required;
    byId('google-button').addEventListener('click', () => this.work.run(() => this.#toGoogle()));
  }

  async #toGoogle() {
    const draft = this.#typed(['organization', 'country']);
    const needsCard = this.settings.google.card_required;
    this.problems.show([]);
    const stripe_token = needsCard ? await this.#cardToken() : null;
    if (needsCard && !stripe_token) return;
    progress.set({ draft });
    location.assign(googleAddress(this.settings, { ...draft, stripe_token }));
  }
}
