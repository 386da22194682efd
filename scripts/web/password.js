// SPDX-License-Identifier: MIT
// The rules of the password from the server's settings, ticked off while it is typed, and a button that shows it.
function rulesOf(settings) {
  const holds = (characters) => (text) => [...text].some((one) => characters.includes(one));
  return [
    { words: `${settings.min} characters or more`, met: (text) => [...text].length >= settings.min },
    ...settings.classes.map((one) => ({ words: one.words, met: holds(one.characters) })),
  ];
}

function ruleItem(rule) {
  const li = document.createElement('li');
  const state = document.createElement('span');
  state.className = 'unseen';
  li.append(state, rule.words);
  return (text) => {
    const met = rule.met(text);
    li.classList.toggle('met', met);
    state.textContent = met ? 'There is ' : 'Needed: ';
    return li;
  };
}

export function passwordField(input, list, button, settings) {
  const items = rulesOf(settings).map(ruleItem);
  const update = () => list.replaceChildren(...items.map((item) => item(input.value)));
  input.addEventListener('input', update);
  update();
  button.addEventListener('click', () => {
    const shown = input.type === 'text';
    input.type = shown ? 'password' : 'text';
    button.setAttribute('aria-pressed', String(!shown));
  });
}
