// SPDX-License-Identifier: MIT
// What a screen reader, a keyboard and weak eyes need, looked for in the page as it is now. Run by audit.py; returns a
// list of what is wrong, in words.
const wrong = [];
const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
const all = (selector) => [...document.querySelectorAll(selector)].filter(visible);
const name = (e) => `<${e.tagName.toLowerCase()}${e.id ? ` id=${e.id}` : ''}> "${e.textContent.trim().slice(0, 30)}"`;

function accessibleName(e) {
  const by = (e.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent);
  const label = [...(e.labels ?? [])].map((one) => one.textContent).join(' ');
  const images = [...e.querySelectorAll('img')].map((one) => one.alt).join(' ');
  const own = e.matches('input, select, textarea') ? '' : e.textContent;
  return `${e.getAttribute('aria-label') ?? ''}${by.join('')}${label}${own}${images}`.trim();
}

function checkStructure() {
  if (!document.documentElement.lang) wrong.push('the page has no language');
  if (!document.title) wrong.push('the page has no title');
  if (all('main').length !== 1) wrong.push(`${all('main').length} main landmarks`);
  const headings = all('h1, h2, h3, h4').map((e) => Number(e.tagName[1]));
  if (headings.filter((level) => level === 1).length !== 1) wrong.push(`headings of level 1: ${headings}`);
  headings.forEach((level, i) => {
    if (i && level > headings[i - 1] + 1) wrong.push(`a heading of level ${level} under ${headings[i - 1]}`);
  });
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of new Set(ids)) {
    if (ids.filter((one) => one === id).length > 1) wrong.push(`id ${id} is there twice`);
  }
}

function checkNames() {
  for (const e of all('input, select, textarea, button, a[href], fieldset, [role=group]')) {
    if (!accessibleName(e) && !e.querySelector('legend')) wrong.push(`${name(e)} has no name`);
  }
  for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) wrong.push(`${name(e)} has no alt`);
  for (const attribute of ['aria-describedby', 'aria-labelledby', 'aria-controls', 'for']) {
    for (const e of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of e.getAttribute(attribute).split(' ')) {
        if (!document.getElementById(id)) wrong.push(`${name(e)}: ${attribute} names ${id}, which is not there`);
      }
    }
  }
  for (const e of document.querySelectorAll('[tabindex]')) if (e.tabIndex > 0) wrong.push(`${name(e)} jumps the queue`);
  for (const e of all('[aria-invalid=true]')) {
    const texts = (e.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id));
    if (!texts.some((one) => one?.matches('.error') && visible(one))) wrong.push(`${name(e)} does not say what is wrong`);
  }
}

// --- colours ---
const rgba = (text) => {
  const parts = (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const colour = text.startsWith('color(') ? parts.slice(0, 3).map((one) => one * 255) : parts.slice(0, 3);
  return [...colour, parts[3] ?? 1];
};

const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);

function background(e) {
  if (!e) return [255, 255, 255, 1];
  const own = rgba(getComputedStyle(e).backgroundColor);
  return own[3] === 1 ? own : over(own, background(e.parentElement));
}

function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3).map((one) => {
    const part = one / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(a, b) {
  const [x, y] = [luminance(a), luminance(b)].sort((one, two) => two - one);
  return (x + 0.05) / (y + 0.05);
}

function checkContrast() {
  for (const e of all('body *')) {
    const said = [...e.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const style = getComputedStyle(e);
    if (!said && !e.matches('input, select, textarea') || e.matches('.unseen, option')) continue;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    const found = ratio(over(rgba(style.color), background(e)), background(e));
    if (found < (large ? 3 : 4.5)) wrong.push(`${name(e)} has a contrast of ${found.toFixed(2)}`);
  }
  for (const e of all('input:not([type=checkbox]), select, textarea')) {
    const found = ratio(rgba(getComputedStyle(e).borderTopColor), background(e.parentElement));
    if (found < 3) wrong.push(`the border of ${name(e)} has a contrast of ${found.toFixed(2)}`);
  }
}

function checkSizes() {
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) wrong.push(`wider than the window: ${root.scrollWidth} of ${root.clientWidth}`);
  for (const e of all('button, select, input, textarea, a.button')) {
    const box = (e.labels?.[0] && e.type === 'checkbox' ? e.labels[0] : e).getBoundingClientRect();
    if (box.height < 24 || box.width < 24) wrong.push(`${name(e)} is ${box.width} by ${box.height} pixels`);
  }
}

checkStructure();
checkNames();
checkContrast();
checkSizes();
return wrong;
