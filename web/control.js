// The buttons for a reload that is under way. Each is there only where the master would do it. Pause and
// resume share one place, so that who presses it twice is where they were.

import { post } from './ask.js';
import { openAbort, prepareAbort, renderAbort } from './abort.js';
import { byId, setAttribute, setText, showText } from './dom.js';
import { setDisabled, setShown } from './focus.js';

let shown = null; // the reload that the buttons are about
const inFlight = new Set(); // verbs: an abort does not wait for the answer to a pause
let accept = null;

// prepareControls calls accepted with the reload as the master answers it.
export function prepareControls(accepted) {
  accept = accepted;
  byId('pause-button').addEventListener('click', () => send(shown, byId('pause-button').dataset.verb));
  byId('promote-button').addEventListener('click', () => send(shown, 'promote'));
  byId('abort-button').addEventListener('click', () => openAbort(shown));
  prepareAbort((reload, reason) => send(reload, 'abort', reason ? { reason } : undefined));
}

export function renderControls(reload, heard) {
  shown = reload;
  const can = permitted(reload);
  const heading = byId('reload-title');
  setAttribute(byId('pause-button'), 'data-verb', can.resume ? 'resume' : 'pause');
  setText(byId('pause-button'), can.resume ? 'Resume' : 'Pause');
  setShown(byId('pause-button'), can.pause || can.resume, heading);
  setShown(byId('abort-button'), can.abort, heading);
  setShown(byId('promote-button'), can.promote, heading);
  byId('reload-hint').hidden = can.abort; // which is there whenever another is
  for (const id of ['pause-button', 'abort-button', 'promote-button']) setDisabled(byId(id), !heard);
  renderAbort(can.abort && heard ? reload : null);
}

function permitted(reload) {
  const rolling = reload?.state === 'rolling';
  const asked = reload?.paused?.why === 'asked';
  return {
    pause: rolling && !asked,
    resume: rolling && asked,
    promote: rolling && reload.paused?.why === 'canary',
    abort: Boolean(reload) && (reload.state === 'queued' || rolling || reload.state === 'live' && reload.on_trial),
  };
}

async function send(reload, verb, body) {
  if (!reload || inFlight.has(verb)) return;
  inFlight.add(verb);
  showText(byId('reload-error'), '');
  try {
    accept(await post(`reloads/${encodeURIComponent(reload.id)}/${verb}`, `request to ${verb} the reload`, body));
  } catch (error) {
    showText(byId('reload-error'), error.message);
  } finally {
    inFlight.delete(verb);
  }
}
