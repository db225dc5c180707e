import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bySlot, canRotate, placeholder, ringState } from '../slots.js';

test('slots are in order, and within a slot the current worker is first', () => {
  const slots = bySlot([
    { id: 'old', slot: 1, state: 'draining', generation: 1, started_at: '1' },
    { id: 'new', slot: 1, state: 'ready', generation: 2, started_at: '2' },
    { id: 'only', slot: 0, state: 'starting', generation: 2, started_at: '3' },
  ]);
  assert.deepEqual([...slots.keys()], [0, 1]);
  assert.deepEqual(slots.get(1).map(({ id }) => id), ['new', 'old']);
});

test('of two workers in the same state the one of the later generation is current, then the younger', () => {
  const worker = (id, generation, startedAt) => ({ id, slot: 0, state: 'draining', generation, started_at: startedAt });
  const [workers] = bySlot([worker('a', 1, '2'), worker('b', 2, '1'), worker('c', 2, '3')]).values();
  assert.deepEqual(workers.map(({ id }) => id), ['c', 'b', 'a']);
});

test('a slot that waits comes before its draining worker', () => {
  const [workers] = bySlot([{ slot: 0, state: 'draining', generation: 1 }, { slot: 0, state: 'waiting' }]).values();
  assert.deepEqual(workers.map(({ state }) => state), ['waiting', 'draining']);
});

test('sorting leaves the list of the statistics alone', () => {
  const workers = [{ slot: 1 }, { slot: 0 }];
  bySlot(workers);
  assert.deepEqual(workers, [{ slot: 1 }, { slot: 0 }]);
});

test('a slot that waits says how its last worker ended', () => {
  const status = (last) => placeholder({ slot: 3, deaths: 2, last, next_try_at: null }).status;
  assert.equal(status({ exit: { code: 3 } }), '2 deaths in a row, the last: exited with code 3');
  assert.equal(status({ exit: { signal: 'SIGKILL' } }), '2 deaths in a row, the last: was ended by signal SIGKILL');
  assert.equal(status({ exit: { error: 'no such file' } }), '2 deaths in a row, the last: could not be started: no such file');
  assert.equal(status({ ready_at: 'x' }), '2 deaths in a row, the last: missed its watchdog');
  assert.equal(status({ ready_at: null }), '2 deaths in a row, the last: was not ready in time');
});

test('only a current worker of the current generation can be rotated, and not during a reload', () => {
  const ready = { state: 'ready', generation: 2 };
  const pool = { isOlder: false, generation: 2, onTrial: false };
  assert.ok(canRotate(ready, pool));
  assert.ok(!canRotate({ ...ready, state: 'draining' }, pool));
  assert.ok(!canRotate({ ...ready, generation: 1 }, pool));
  assert.ok(!canRotate(ready, { ...pool, isOlder: true }));
  assert.ok(!canRotate(ready, { ...pool, onTrial: true }));
});

test('the ring shows who serves a slot', () => {
  assert.equal(ringState(undefined, 2), 'empty');
  assert.equal(ringState({ state: 'draining' }, 2), 'empty');
  assert.equal(ringState({ state: 'ready', generation: 1 }, 2), 'ready-before');
  assert.equal(ringState({ state: 'ready', generation: 2 }, 2), 'ready');
  assert.equal(ringState({ state: 'waiting' }, 2), 'waiting');
});
