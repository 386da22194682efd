// SPDX-License-Identifier: MIT
// Loads a vendor's script, from the vendor's own host, when the settings ask for it.
export function loadScript(url) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.async = true;
    script.addEventListener('load', resolve);
    script.addEventListener('error', () => reject(new Error(`${new URL(url).host} did not answer.`)));
    document.head.append(script);
  });
}
