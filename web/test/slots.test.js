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
  const draining = { slot: 0, state: 'draining', generation: 1 };
  const waiting = { slot: 0, state: 'waiting' };
  assert.deepEqual([...bySlot([draining, waiting]).values()], [[waiting, draining]]);
  assert.deepEqual([...bySlot([waiting, draining]).values()], [[waiting, draining]]);
});

test('sorting leaves the list of the statistics alone', () => {
  const workers = [{ slot: 1 }, { slot: 0 }];
  bySlot(workers);
  assert.deepEqual(workers, [{ slot: 1 }, { slot: 0 }]);
});

test('a slot that waits has a row of its own, with the output of its last worker', () => {
  const waiting = { slot: 3, text: '2 deaths in a row', last: { exit: { output: ['one', 'two'] } }, next_try_at: '2026-01-01T00:00:00Z' };
  assert.deepEqual(placeholder(waiting), {
    slot: 3, state: 'waiting', state_text: 'waiting', status: '2 deaths in a row', output: 'one\ntwo', nextTryAt: '2026-01-01T00:00:00Z',
  });
  assert.equal(placeholder({ ...waiting, last: { exit: null } }).output, undefined, 'it was given up and is not gone yet');
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
