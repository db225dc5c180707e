// A button that sends a request. It is disabled while its request is in flight, and while the page says
// that it is unavailable.

import { setAttribute, showText } from './dom.js';
import { setDisabled } from './focus.js';

const inFlight = new WeakSet(); // buttons
const unavailable = new WeakSet(); // buttons

// runAction sends a button's request, unless the one before is still in flight. The message of an error is
// shown in errorPlace.
export async function runAction(button, errorPlace, request) {
  if (inFlight.has(button)) return;
  inFlight.add(button);
  update(button);
  showText(errorPlace, '');
  try {
    await request();
  } catch (error) {
    showText(errorPlace, error.message);
  } finally {
    inFlight.delete(button);
    update(button);
  }
}

export function setAvailable(button, available) {
  if (available) unavailable.delete(button);
  else unavailable.add(button);
  update(button);
}

function update(button) {
  setAttribute(button, 'aria-busy', inFlight.has(button));
  setDisabled(button, inFlight.has(button) || unavailable.has(button));
}
