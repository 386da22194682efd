// SPDX-License-Identifier: MIT
// One thing at a time: while a step works, its button says so and does nothing; a refusal goes to the step.
import { Refusal } from './api.js';
import { Stopped, Waiting } from './wait.js';

export class Work {
  #busy = false;

  // onRefusal(refusal): shows it
  constructor(button, box, onRefusal) {
    Object.assign(this, { button, onRefusal, waiting: new Waiting(box) });
    this.patience = (problem, tries) => this.waiting.until(problem, tries);
  }

  say(text) {
    this.waiting.say(text);
  }

  async run(fn) {
    if (this.#busy) return;
    this.#busy = true;
    this.button.setAttribute('aria-disabled', 'true');
    try {
      await fn();
    } catch (problem) {
      if (problem instanceof Refusal) this.onRefusal(problem);
      else if (!(problem instanceof Stopped)) throw problem;
    } finally {
      this.#busy = false;
      this.button.removeAttribute('aria-disabled');
      this.say('');
    }
  }
}
