// The buttons that replace one worker by another of the same generation.

import { runAction, setAvailable } from './action-button.js';
import { rotateWorker } from './api.js';
import { byId, element, setAttribute } from './dom.js';
import { setShown } from './focus.js';
import { canRotate } from './slots.js';

export function prepareRotateButtons() {
  byId('workers').addEventListener('click', (event) => {
    const button = event.target.closest('button');
    const id = button?.closest('tr').dataset.workerId;
    if (id) runAction(button, byId('workers-error'), () => rotateWorker(id));
  });
}

export function rotateCell() {
  const cell = element('td', 'action');
  cell.setAttribute('role', 'cell');
  const button = element('button', 'quiet small', 'Rotate');
  button.type = 'button';
  cell.append(button);
  return cell;
}

export function renderRotateButton(cell, worker, isOlder, pool) {
  const button = cell.firstElementChild;
  setAttribute(button, 'aria-label', `Rotate slot ${worker.slot}`);
  setShown(button, canRotate(worker, { isOlder, ...pool }), byId('workers-title'), { keepPlace: true });
  setAvailable(button, pool.reachable);
}
