// What the page wants of the master, and what to say when it does not get it. Paths are relative to the page, which may
// be below a proxy's path prefix.

const ANSWER_MS = 15_000;

// post asks for what is done at the path and returns the answer. What it throws is a sentence for people.
export async function post(path, what, body) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { Accept: 'application/json, application/problem+json' },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => {
    throw new Error(`The master did not answer the ${what}. Whether it was accepted shows when the page is connected.`);
  });
  const told = await answer.json().catch(() => null);
  if (answer.ok) return told;
  throw new Error(told?.detail || told?.title || `The ${what} was refused with HTTP status ${answer.status}.`);
}

// get returns what stands at the path, or null where that can't be had.
export async function get(path) {
  const answer = await fetch(path, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(ANSWER_MS) });
  return answer.ok ? answer.json() : null;
}
