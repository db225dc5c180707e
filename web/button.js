// The Reload button. It is disabled while its own request is under way, and while the master can't
// be heard or is stopping; never because of a reload under way, since the next one may be queued behind it.

import { post } from './ask.js';
import { byId, setAttribute, showText } from './dom.js';
import { setDisabled } from './focus.js';

let inFlight = false;
let heard = false;

// prepareButton calls accepted with the reload that the master answers.
export function prepareButton(accepted) {
  byId('reload-button').addEventListener('click', async () => {
    if (inFlight) return;
    inFlight = true;
    refresh();
    showText(byId('reload-error'), '');
    try {
      accepted(await post('reload', 'reload request'));
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
  setAttribute(button, 'aria-busy', inFlight);
  setDisabled(button, inFlight || !heard);
}
