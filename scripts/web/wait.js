// SPDX-License-Identifier: MIT
// Waiting, visibly: says why, counts down, tries again by itself a few times, and always offers to try now or to stop.
const AUTOMATIC = 4; // tries
const LONGEST = 60; // seconds that are waited for without being asked
const TICK_MS = 250;

const TEXTS = {
  no_answer: 'There was no answer. What you entered is kept.',
  try_again: 'This could not be finished just now. What you entered is kept.',
  overloaded: 'Too many people are here at once.',
  deadline_exceeded: 'This takes longer than it should. It may be done already.',
};

export class Stopped extends Error {}

export function duration(seconds) {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} minutes`;
}

function button(text) {
  const one = document.createElement('button');
  one.type = 'button';
  one.textContent = text;
  return one;
}

function textOf(problem, byItself) {
  const offline = problem.status === 0 && !navigator.onLine;
  const text = offline ? 'You are offline. What you entered is kept.' : TEXTS[problem.code] ?? problem.message;
  return byItself ? `${text} We try again by ourselves.` : text;
}

export class Waiting {
  // box: an element with a status and a place for choices
  constructor(box) {
    this.status = box.querySelector('[role=status]');
    this.choices = box.querySelector('.choices');
  }

  say(text) {
    this.choices.replaceChildren();
    this.status.textContent = text;
  }

  // problem: what came instead of an answer; tries: how often before. Resolves when it is time; Stopped when asked to.
  until(problem, tries) {
    const pause = problem.retryAfter ?? Math.min(30, 2 * 2 ** tries);
    const byItself = tries < AUTOMATIC && pause <= LONGEST;
    this.say(textOf(problem, byItself));
    return new Promise((resolve, reject) => {
      this.#count(Date.now() + pause * 1000, problem.status === 429, byItself, (goesOn) => {
        this.say(goesOn ? 'Trying again…' : '');
        if (goesOn) resolve();
        else reject(new Stopped());
      });
    });
  }

  // mustWait: nobody may try before the end. onEnd(goesOn) comes once.
  #count(end, mustWait, byItself, onEnd) {
    const [left, again, stop] = [document.createElement('p'), button('Try again now'), button('Stop')];
    const finish = (goesOn) => {
      clearInterval(timer);
      removeEventListener('online', tick);
      onEnd(goesOn);
    };
    const tick = () => {
      const rest = (end - Date.now()) / 1000;
      again.setAttribute('aria-disabled', String(mustWait && rest > 0));
      left.textContent = rest > 0 ? `Again in ${duration(rest)}.` : '';
      if (!navigator.onLine) left.textContent = 'It goes on as soon as the connection is back.';
      else if (rest <= 0 && byItself) finish(true);
    };
    const timer = setInterval(tick, TICK_MS);
    addEventListener('online', tick);
    again.addEventListener('click', () => again.getAttribute('aria-disabled') === 'true' || finish(true));
    stop.addEventListener('click', () => finish(false));
    this.choices.replaceChildren(left, again, stop);
    tick();
  }
}
