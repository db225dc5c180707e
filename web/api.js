// The requests that the page sends to the master. Paths are relative: the page may be below a proxy's path
// prefix.

const TIMEOUT_MS = 15_000;

export const startReload = () => post('reload', 'reload request');

// controlReload sends one of the verbs pause, resume, promote and abort.
export const controlReload = (id, verb, body) => post(`${reloadPath(id)}/${verb}`, `request to ${verb} the reload`, body);

export const rotateWorker = (id) => post(`workers/${encodeURIComponent(id)}/rotate`, 'request to rotate the worker');

// getReload resolves to null if the master does not know the reload any more.
export async function getReload(id) {
  const response = await fetch(reloadPath(id), {
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return response.ok ? response.json() : null;
}

const reloadPath = (id) => `reloads/${encodeURIComponent(id)}`;

// post resolves to the master's answer. The message of its errors is a sentence for the user.
async function post(path, what, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { Accept: 'application/json, application/problem+json' },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause) => {
    throw new Error(`The master did not answer the ${what}. Whether it was accepted shows when the page is connected.`, { cause });
  });
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new Error(answer?.detail || answer?.title || `The ${what} was refused with HTTP status ${response.status}.`);
}
