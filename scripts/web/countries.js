// SPDX-License-Identifier: MIT
// The countries that the server knows, by the names that the browser knows, in alphabetical order.
export function fillCountries(select, codes) {
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: 'region' });
  const options = codes.map((code) => new Option(names.of(code), code));
  options.sort((a, b) => a.text.localeCompare(b.text, document.documentElement.lang));
  select.append(...options);
}
