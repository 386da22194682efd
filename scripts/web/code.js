// SPDX-License-Identifier: MIT
// Step 2, the code from the mail. The browser that signed up proves itself by its cookie; the same proof is kept in
// memory for a browser that keeps no cookies.
import { post } from './api.js';
import { Problems } from './problems.js';
import { progress } from './progress.js';
import { Resend } from './resend.js';
import { Work } from './work.js';

const byId = (id) => document.getElementById(id);

export class CodeStep {
  #proof; // signup_token

  // onDone(answer)
  constructor(settings, onDone) {
    this.onDone = onDone;
    this.problems = new Problems(byId('code-form'), byId('code-summary'));
    this.work = new Work(byId('code-button'), byId('code-wait'), (refusal) => this.#refuse(refusal));
    this.resend = new Resend(settings.resend, this);
    byId('code-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.work.run(() => this.#confirm());
    });
  }

  // Who asks.
  person() {
    return { email: progress.get('email') ?? byId('code-email').value.trim(), signup_token: this.#proof };
  }

  // answer: of the sign-up
  begin(answer, email) {
    this.#proof = answer.signup_token;
    byId('code').value = '';
    progress.set({ email, unsent: !answer.code_sent, sent: answer.code_sent ? Date.now() : 0, mails: [] });
  }

  show() {
    const [known, unsent] = [progress.get('email'), progress.get('unsent')];
    byId('code-email-field').hidden = Boolean(known);
    byId('code-address').textContent = known ?? '';
    byId('code-sent').hidden = !known || unsent;
    byId('code-unsent').hidden = !known || !unsent;
    this.problems.show([]);
    this.resend.show();
  }

  // The same code once more: it was right, but the account waited for something else.
  again() {
    if (byId('code').value) this.work.run(() => this.#confirm());
  }

  async #confirm() {
    const wrong = [];
    if (!this.person().email) wrong.push({ field: 'email', message: 'Please fill this in.' });
    if (!byId('code').value.trim()) wrong.push({ field: 'code', message: 'Please enter the six digits.' });
    this.problems.show(wrong);
    if (wrong.length) return;
    this.work.say('Your code is being checked…');
    const fields = { ...this.person(), code: byId('code').value.replace(/[\s-]/g, '') };
    this.onDone(await post('api/account/confirm_signup', fields, { patience: this.work.patience }));
  }

  #refuse({ fields, code, message }) {
    const again = code === 'signup_superseded' ? { href: '#', text: 'Back to the form' } : null;
    const field = code === 'code_invalid_or_expired' || again ? 'code' : undefined;
    this.problems.show(fields.length ? fields : [{ field, message, link: again }]);
  }
}
