// SPDX-License-Identifier: MIT
// What is wrong: beside each field, and in a summary that takes the focus and leads to the fields.
function labelOf(control) {
  const text = (control.closest('fieldset')?.querySelector('legend') ?? control.labels[0]).textContent.trim();
  return text.endsWith('?') ? text : `${text}:`;
}

function linkTo(href, text) {
  const link = document.createElement('a');
  link.href = href;
  link.textContent = text;
  return link;
}

// A line of the summary.
function item(control, problem) {
  const li = document.createElement('li');
  if (!control) {
    li.append(problem.message);
    if (problem.link) li.append(' ', linkTo(problem.link.href, problem.link.text));
    return li;
  }
  const link = linkTo(`#${control.id}`, `${labelOf(control)} ${problem.message}`);
  link.addEventListener('click', (event) => {
    event.preventDefault(); // the address says which step is seen
    control.focus();
    control.closest('.field').scrollIntoView({ block: 'center' });
  });
  li.dataset.of = control.id;
  li.append(link);
  return li;
}

export class Problems {
  #list = document.createElement('ul');

  // form: each field has a control NAME or data-field=NAME, with an id, and an element ID-error
  constructor(form, summary) {
    Object.assign(this, { form, summary });
    form.addEventListener('input', (event) => event.target.id && this.clear(event.target));
  }

  #control(field) {
    return field ? this.form.querySelector(`[name="${field}"], [data-field="${field}"]`) : null;
  }

  clear(control) {
    control.removeAttribute('aria-invalid');
    control.classList.remove('bad');
    document.getElementById(`${control.id}-error`)?.replaceChildren();
    for (const li of this.#list.querySelectorAll(`[data-of="${control.id}"]`)) li.remove();
    if (!this.#list.children.length) this.summary.hidden = true;
  }

  // Beside the field only; more than one can be told.
  mark(control, { message, link }) {
    const place = document.getElementById(`${control.id}-error`);
    if (control.matches('input, select')) control.setAttribute('aria-invalid', 'true');
    else control.classList.add('bad');
    place.append(place.textContent ? ' ' : '', message);
    if (link) place.append(' ', linkTo(link.href, link.text));
  }

  // wrong: [{field?, message, link?: {href, text}}], in place of what was wrong before.
  show(wrong) {
    for (const control of this.form.querySelectorAll('[aria-invalid], .bad')) this.clear(control);
    this.#list.replaceChildren();
    this.summary.hidden = wrong.length === 0;
    if (!wrong.length) return;
    for (const problem of wrong) {
      const control = this.#control(problem.field);
      if (control) this.mark(control, problem);
      this.#list.append(item(control, problem));
    }
    const heading = document.createElement('h2');
    heading.textContent = 'Please look at this again';
    this.summary.replaceChildren(heading, this.#list);
    this.summary.focus();
  }
}
