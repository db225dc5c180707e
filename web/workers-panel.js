// The table of workers: one row for each worker, kept for the worker's whole life, and one for each slot
// that waits for its next worker.

import { byId, element, keepChildren, setAttribute, setText } from './dom.js';
import { keepFocus } from './focus.js';
import { age, bytes, count, elapsed, text } from './format.js';
import { renderRotateButton, rotateCell } from './rotate-button.js';
import { bySlot } from './slots.js';

const COLUMNS = [
  { label: 'Slot', value: (worker) => text(worker.slot) },
  { label: 'State', value: (worker) => text(worker.state_text) },
  { label: 'Generation', number: true, value: (worker) => text(worker.generation) },
  { label: 'Revision', value: (worker) => text(worker.revision) },
  { label: 'PID', number: true, value: (worker) => text(worker.pid || null) },
  { label: 'Uptime', number: true, value: (worker, now) => age((now - Date.parse(worker.started_at)) / 1000) },
  { label: 'Connections', number: true, value: (worker) => count(worker.connections) },
  { label: 'Memory', number: true, value: (worker) => bytes(worker.rss_bytes) },
  { label: 'CPU time', number: true, value: (worker) => elapsed(worker.cpu_seconds ?? NaN) },
  { label: 'Restarts', number: true, value: (worker) => count(worker.restarts) },
];

// renderWorkers shows the workers as they are at now, in the master's clock. Whether one can be rotated
// depends on the pool: its generation, whether a reload is on trial, and whether the master is reachable.
export function renderWorkers(workers, now, pool) {
  const rows = [...bySlot(workers).values()]
    .flatMap((slot) => slot.map((worker, place) => ({ worker, isOlder: place > 0 })));
  keepFocus(byId('workers'), byId('workers-title'), () => keepChildren(byId('workers'), rows, {
    key: ({ worker }) => worker.id ?? `waiting-${worker.slot}`,
    create: createRow,
    update: (row, { worker, isOlder }) => updateRow(row, worker, isOlder, now, pool),
  }));
  byId('workers-empty').hidden = rows.length > 0;
}

function nextTry({ nextTryAt }, now) {
  return nextTryAt ? `; next try in ${age(Math.ceil((Date.parse(nextTryAt) - now) / 1000))}` : '';
}

function createRow({ worker }) {
  const row = element('tr');
  row.setAttribute('role', 'row');
  if (worker.id) row.dataset.workerId = worker.id;
  COLUMNS.forEach(({ label, number }, index) => {
    const cell = element(index === 0 ? 'th' : 'td', number ? 'number' : '');
    cell.setAttribute('role', index === 0 ? 'rowheader' : 'cell');
    if (index === 0) cell.scope = 'row';
    cell.dataset.label = label;
    cell.append(element('span', label === 'State' ? 'state' : 'value'));
    if (label === 'State') cell.append(element('span', 'status'));
    row.append(cell);
  });
  row.append(rotateCell());
  return row;
}

function updateRow(row, worker, isOlder, now, pool) {
  setAttribute(row, 'data-slot', worker.slot);
  if (worker.generation) setAttribute(row, 'data-generation', worker.generation);
  setAttribute(row, 'data-state', worker.state);
  setAttribute(row, 'data-older', isOlder);
  COLUMNS.forEach(({ value }, index) => setText(row.cells[index].firstElementChild, value(worker, now)));
  setText(row.cells[1].lastElementChild, (worker.status ?? '') + nextTry(worker, now));
  setAttribute(row.cells[1], 'title', worker.output ?? worker.readiness?.detail ?? '');
  setAttribute(row.cells[3], 'title', worker.revision ?? '');
  renderRotateButton(row.lastElementChild, worker, isOlder, pool);
}
