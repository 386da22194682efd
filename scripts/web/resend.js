// SPDX-License-Identifier: MIT
// Another code by mail. The server takes every wish and sends within its limits; here they are shown, so that nobody
// waits for a mail that will not come.
import { post } from './api.js';
import { progress } from './progress.js';
import { duration } from './wait.js';
import { Work } from './work.js';

const byId = (id) => document.getElementById(id);
const HOUR_MS = 3600 * 1000;

export class Resend {
  #button = byId('resend');
  #timer = null;

  // limits: {interval (seconds), per_hour}. step: the step that it is part of
  constructor(limits, step) {
    Object.assign(this, { limits, step });
    this.work = new Work(byId('code-button'), byId('code-wait'), ({ fields, message }) => {
      step.problems.show(fields.length ? fields : [{ message }]);
    });
    this.#button.addEventListener('click', () => {
      if (this.#button.getAttribute('aria-disabled') !== 'true') this.work.run(() => this.#send());
    });
  }

  show() {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), 250);
    this.#tick();
  }

  #recent() {
    return (progress.get('mails') ?? []).filter((at) => at > Date.now() - HOUR_MS);
  }

  // When the next one may go, in milliseconds since 1970.
  #opens() {
    const mails = this.#recent();
    const last = mails.at(-1) ?? progress.get('sent');
    const full = mails.length >= this.limits.per_hour ? mails.at(-this.limits.per_hour) + HOUR_MS : 0;
    return Math.max(last ? last + this.limits.interval * 1000 : 0, full);
  }

  #tick() {
    const wait = (this.#opens() - Date.now()) / 1000;
    const left = this.limits.per_hour - this.#recent().length;
    this.#button.setAttribute('aria-disabled', String(wait > 0));
    byId('resend-in').textContent = wait > 0 ? ` in ${duration(wait)}` : '';
    byId('resend-left').textContent = `${left > 0 ? left : 'No'} more can be sent within the hour.`;
    if (wait <= 0) clearInterval(this.#timer);
  }

  async #send() {
    const person = this.step.person();
    byId('resend-told').textContent = '';
    this.step.problems.show(person.email ? [] : [{ field: 'email', message: 'Please fill this in.' }]);
    if (!person.email) return;
    await post('api/account/resend_code', person, { patience: this.work.patience });
    progress.set({ mails: [...this.#recent(), Date.now()], unsent: false });
    byId('resend-told').textContent = 'A new code is on its way. The one before it no longer counts.';
    byId('code-unsent').hidden = true;
    this.show();
  }
}
