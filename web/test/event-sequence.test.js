import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { EventSequence } from '../event-sequence.js';

const FIRST = { pid: 1, started_at: '2026-01-01T00:00:00Z' };
const SECOND = { pid: 2, started_at: '2026-01-02T00:00:00Z' };

const numbers = (events) => events.map(({ seq }) => seq);

let sequence;
beforeEach(() => {
  sequence = new EventSequence();
  sequence.restart();
});

test('events wait for the statistics that say whose they are', () => {
  assert.deepEqual(sequence.take({ seq: 1 }), []);
  assert.deepEqual(sequence.take({ seq: 2 }), []);
  const { takenOver, events } = sequence.identify(FIRST);
  assert.equal(takenOver, false, 'there was none before');
  assert.deepEqual(numbers(events), [1, 2]);
  assert.deepEqual(numbers(sequence.take({ seq: 3 })), [3]);
  assert.equal(sequence.lastSeq, 3);
});

test('an event is delivered once', () => {
  sequence.identify(FIRST);
  sequence.take({ seq: 1 });
  assert.deepEqual(sequence.take({ seq: 1 }), []);
  sequence.restart();
  sequence.take({ seq: 1 });
  sequence.take({ seq: 2 });
  assert.deepEqual(numbers(sequence.identify(FIRST).events), [2]);
});

test('the events of another master are asked for anew', () => {
  sequence.identify(FIRST);
  sequence.take({ seq: 7 });
  sequence.restart();
  sequence.take({ seq: 8 });
  assert.deepEqual(sequence.identify(SECOND), { takenOver: true, events: [] });
  assert.equal(sequence.lastSeq, 0);
  sequence.restart();
  sequence.take({ seq: 1 });
  assert.deepEqual(numbers(sequence.identify(SECOND).events), [1]);
});

test('a process with the same pid may be another master', () => {
  sequence.identify(FIRST);
  assert.ok(sequence.identify({ ...SECOND, pid: FIRST.pid }).takenOver);
});

test('a stream that goes on keeps what it held back', () => {
  sequence.take({ seq: 1 });
  sequence.resume();
  sequence.take({ seq: 2 });
  assert.deepEqual(numbers(sequence.identify(FIRST).events), [1, 2]);
});

test('a stream that goes on may be from another master', () => {
  sequence.identify(FIRST);
  sequence.resume();
  assert.deepEqual(sequence.take({ seq: 1 }), []);
  assert.ok(sequence.identify(SECOND).takenOver);
});

test('a new stream drops what was held back: it brings that again', () => {
  sequence.take({ seq: 1 });
  sequence.restart();
  assert.deepEqual(sequence.identify(FIRST).events, []);
});
