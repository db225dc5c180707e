// The table of workers: one row a worker, kept for the worker's whole life, and one for every slot
// that waits for its next worker.

import { byId, element, keepChildren, setAttribute, setText } from './dom.js';
import { keepFocus } from './focus.js';
import { age, bytes, count, elapsed, plural, text } from './format.js';
import { renderRotation, rotationCell } from './rotate.js';

const ORDER = { ready: 0, starting: 0, waiting: 1, draining: 2 };

const COLUMNS = [
  { label: 'Slot', value: (worker) => text(worker.slot) },
  { label: 'State', value: (worker) => text(assumed(worker) ? `${worker.state} (assumed)` : worker.state) },
  { label: 'Generation', number: true, value: (worker) => text(worker.generation) },
  { label: 'Revision', value: (worker) => text(worker.revision) },
  { label: 'PID', number: true, value: (worker) => text(worker.pid || null) },
  { label: 'Uptime', number: true, value: (worker, now) => age((now - Date.parse(worker.started_at)) / 1000) },
  { label: 'Connections', number: true, value: (worker) => count(worker.connections) },
  { label: 'Memory', number: true, value: (worker) => bytes(worker.rss_bytes) },
  { label: 'CPU time', number: true, value: (worker) => elapsed(worker.cpu_seconds ?? NaN) },
  { label: 'Restarts', number: true, value: (worker) => count(worker.restarts) },
];

const assumed = ({ state, readiness }) => state === 'ready' && readiness?.by === 'assumed';

// bySlot groups workers by slot, in the order of slots; within one the current worker comes first.
export function bySlot(workers) {
  const sorted = [...workers].sort((a, b) => a.slot - b.slot
    || (ORDER[a.state] ?? 3) - (ORDER[b.state] ?? 3)
    || b.generation - a.generation
    || (a.started_at < b.started_at ? 1 : -1));
  const slots = new Map();
  for (const worker of sorted) slots.set(worker.slot, [...(slots.get(worker.slot) ?? []), worker]);
  return slots;
}

// vacancy stands in for the worker that a waiting slot has not got.
export function vacancy({ slot, deaths, last, next_try_at: next }) {
  return {
    slot,
    state: 'waiting',
    status: `${plural(deaths, 'death')} in a row, the last: ${ended(last)}`,
    output: last.exit?.output?.join('\n'),
    next,
  };
}

function ended({ exit, ready_at: readyAt }) {
  if (!exit) return readyAt ? 'missed its watchdog' : 'was not ready in time';
  if (exit.error) return `could not be started: ${exit.error}`;
  return exit.signal ? `was ended by signal ${exit.signal}` : `exited with code ${exit.code}`;
}

// renderWorkers shows the workers as they are at now, in the master's clock (milliseconds). What can be done with
// them depends on the pool: its generation, whether a reload is rotating it, and whether the master is heard.
export function renderWorkers(workers, now, pool) {
  const rows = [...bySlot(workers).values()]
    .flatMap((slot) => slot.map((worker, place) => ({ worker, older: place > 0 })));
  keepFocus(byId('workers'), byId('workers-title'), () => keepChildren(byId('workers'), rows, {
    key: ({ worker }) => worker.id ?? `waiting-${worker.slot}`,
    create: createRow,
    update: (row, { worker, older }) => updateRow(row, worker, older, now, pool),
  }));
  byId('workers-empty').hidden = rows.length > 0;
}

function nextTry({ next }, now) {
  return next ? `; next try in ${age(Math.ceil((Date.parse(next) - now) / 1000))}` : '';
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
  row.append(rotationCell());
  return row;
}

function updateRow(row, worker, older, now, pool) {
  setAttribute(row, 'data-slot', worker.slot);
  if (worker.generation) setAttribute(row, 'data-generation', worker.generation);
  setAttribute(row, 'data-state', worker.state);
  setAttribute(row, 'data-older', older);
  COLUMNS.forEach(({ value }, index) => setText(row.cells[index].firstElementChild, value(worker, now)));
  setText(row.cells[1].lastElementChild, (worker.status ?? '') + nextTry(worker, now));
  setAttribute(row.cells[1], 'title', worker.output ?? worker.readiness?.detail ?? '');
  setAttribute(row.cells[3], 'title', worker.revision ?? '');
  renderRotation(row.lastElementChild, worker, older, pool);
}
