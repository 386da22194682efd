// SPDX-License-Identifier: MIT
// One request to usher. What may pass (503, 504, 409 in progress, 429, no answer) is sent again, the same bytes under the
// same Idempotency-Key, when `patience` says so; everything else is thrown.
const PATIENCE_MS = 40000; // the server gives up at 25 s

export class Refusal extends Error {
  constructor(status, error, retryAfter) {
    super(error.message ?? 'Something went wrong on our side. Please try again.');
    Object.assign(this, { status, retryAfter, code: error.code ?? 'unknown', fields: error.fields ?? [] });
  }

  get passes() {
    return [0, 429, 502, 503, 504].includes(this.status) || this.code === 'signup_in_progress';
  }
}

function seconds(header) {
  if (!header) return null;
  const number = Number(header);
  return Number.isFinite(number) ? number : Math.max(0, (Date.parse(header) - Date.now()) / 1000);
}

async function once(path, body, headers) {
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method: 'POST', body, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    answer = await response.json();
  } catch {
    if (!response || response.ok) throw new Refusal(0, { code: 'no_answer' }, null);
    answer = {};
  }
  if (!response.ok) throw new Refusal(response.status, answer.error ?? {}, seconds(response.headers.get('Retry-After')));
  return answer;
}

// patience(refusal, tries): resolves when it is time to try again, rejects when nobody waits any more.
export async function post(path, fields, { headers, patience }) {
  const body = JSON.stringify(fields);
  for (let tries = 0; ; tries++) {
    try {
      return await once(path, body, headers);
    } catch (problem) {
      if (!(problem instanceof Refusal) || !problem.passes) throw problem;
      await patience(problem, tries);
    }
  }
}

// 128 random bits; crypto.randomUUID is there only over HTTPS.
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
