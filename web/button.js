// The Reload button. It is disabled while its own request is under way, and while the master can't
// be heard or is stopping; never because of a reload under way, since the next one may be queued behind it.

import { byId, showText } from './dom.js';

const ANSWER_MS = 15_000;

let inFlight = false;
let heard = false;
let hadFocus = false; // a browser takes the focus from a disabled button; it is given back

// prepareButton calls accepted with the reload that the master answers.
export function prepareButton(accepted) {
  byId('reload-button').addEventListener('click', async () => {
    if (inFlight) return;
    inFlight = true;
    refresh();
    showText(byId('reload-error'), '');
    try {
      accepted(await requestReload());
    } catch (error) {
      showText(byId('reload-error'), error.message);
    } finally {
      inFlight = false;
      refresh();
    }
  });
}

export function allowButton(allowed) {
  heard = allowed;
  refresh();
}

function refresh() {
  const button = byId('reload-button');
  const disabled = inFlight || !heard;
  if (button.disabled === disabled) return;
  if (disabled) hadFocus = document.activeElement === button;
  button.disabled = disabled;
  button.setAttribute('aria-busy', inFlight);
  if (!disabled && hadFocus && document.activeElement === document.body) button.focus();
}

async function requestReload() {
  const answer = await fetch('/reload', {
    method: 'POST',
    headers: { Accept: 'application/json, application/problem+json' },
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => {
    throw new Error('The master did not answer the reload request. Whether it was accepted shows when the page is connected.');
  });
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  throw new Error(body?.detail || body?.title || `The reload request was refused with HTTP status ${answer.status}.`);
}
