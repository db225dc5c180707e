// The buttons that replace one worker by another of the same generation.

import { post } from './ask.js';
import { byId, element, setAttribute, showText } from './dom.js';
import { setDisabled, setShown } from './focus.js';

const inFlight = new Set(); // ids of workers

export function prepareRotation() {
  byId('workers').addEventListener('click', async (event) => {
    const button = event.target.closest('button');
    const id = button?.closest('tr').dataset.workerId;
    if (!id || inFlight.has(id)) return;
    inFlight.add(id);
    showText(byId('workers-error'), '');
    try {
      await post(`workers/${encodeURIComponent(id)}/rotate`, 'request to rotate the worker');
    } catch (error) {
      showText(byId('workers-error'), error.message);
    } finally {
      inFlight.delete(id);
    }
  });
}

export function rotationCell() {
  const cell = element('td', 'action');
  cell.setAttribute('role', 'cell');
  const button = element('button', 'quiet small', 'Rotate');
  button.type = 'button';
  cell.append(button);
  return cell;
}

// renderRotation shows the button for the worker that holds its slot, where no reload is about to replace it.
export function renderRotation(cell, worker, older, { generation, rotating, heard }) {
  const button = cell.firstElementChild;
  const serves = worker.state === 'ready' && !older && worker.generation === generation;
  setAttribute(button, 'aria-label', `Rotate slot ${worker.slot}`);
  setShown(button, serves && !rotating, byId('workers-title'), { keepPlace: true });
  setDisabled(button, !heard);
}
