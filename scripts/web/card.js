// SPDX-License-Identifier: MIT
// The card, as a token: of Stripe's own field, so that its number never meets usher, or in the sandbox one of Stripe's
// test tokens. A token is kept until the card is another one, or was refused.
import { loadScript } from './script.js';

const STRIPE = 'https://js.stripe.com/v3/';
const ID = 'stripe_token';
const NO_STRIPE = 'The card cannot be entered just now: Stripe did not answer. Please load this page again.';

function testCards(place, hint, cards) {
  hint.textContent = 'This is a sandbox: choose what Stripe will think of the card.';
  const select = document.createElement('select');
  Object.assign(select, { id: ID, name: ID, required: true });
  select.setAttribute('aria-label', 'Test card');
  select.append(...cards.map((card) => new Option(`${card.text} (${card.token})`, card.token)));
  place.append(select);
  return { token: async () => select.value, refused() {} };
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  return { base: { color: style.getPropertyValue('--text').trim(), fontSize: '16px',
    '::placeholder': { color: style.getPropertyValue('--soft').trim() } },
  invalid: { color: style.getPropertyValue('--bad').trim() } };
}

// The element in which Stripe's frame lives.
function frame(place, problems) {
  const box = document.createElement('div');
  box.className = 'stripe';
  box.tabIndex = -1;
  Object.assign(box.dataset, { field: ID });
  box.id = ID;
  place.append(box);
  return { box, complain: (message) => {
    problems.clear(box);
    if (message) problems.mark(box, { message });
  } };
}

async function stripeField(place, hint, settings, problems) {
  hint.textContent = 'Stripe keeps it for us. It is not charged now.';
  const { box, complain } = frame(place, problems);
  await loadScript(STRIPE);
  const stripe = window.Stripe(settings.publishable_key);
  const element = stripe.elements().create('card', { style: colours(), hidePostalCode: true });
  let token = null;
  element.mount(box);
  box.addEventListener('focus', () => element.focus());
  element.on('change', (event) => {
    token = null;
    complain(event.error?.message);
  });
  return {
    async token(owner) {
      if (token) return token;
      const made = await stripe.createToken(element, { name: owner.name, address_country: owner.country });
      if (made.error) throw new Error(made.error.message);
      token = made.token.id;
      return token;
    },
    refused() { token = null; },
  };
}

// -> {token(owner): promise of a token, or of an Error in words; refused(): Stripe has said no to it}
export function cardField(place, settings, problems) {
  const hint = place.querySelector('.hint');
  if (settings.test_cards) return testCards(place, hint, settings.test_cards);
  const field = stripeField(place, hint, settings, problems);
  field.catch(() => problems.mark(place.querySelector('.stripe'), { message: NO_STRIPE }));
  return {
    token: async (owner) => {
      const ready = await field.catch(() => { throw new Error(NO_STRIPE); });
      return ready.token(owner);
    },
    refused: () => field.then((ready) => ready.refused()),
  };
}
