import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Store } from '../store.js';

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds) => new Date(START + seconds * 1000).toISOString();

// statistics are those of a master that has run for so many seconds.
const statistics = (uptime, { reload = null, stopping = false } = {}) => ({
  status: { started_at: at(0), uptime_seconds: uptime, reload, stopping },
  workers: [],
});

let store;
beforeEach(() => { store = new Store(); });

test('the newest reload that has begun is shown', () => {
  store.takeReload({ id: '1', state: 'completed' });
  store.takeReload({ id: '3', state: 'queued' });
  store.takeReload({ id: '2', state: 'rolling' });
  assert.equal(store.newestReload().id, '2');
});

test('a queued reload is shown if none has begun', () => {
  store.takeReload({ id: '1', state: 'queued' });
  store.takeReload({ id: '2', state: 'queued' });
  assert.equal(store.newestReload().id, '2');
});

test('nothing is shown where nothing is known', () => {
  store.takeReload(null);
  store.takeReload({ state: 'rolling' });
  assert.equal(store.newestReload(), undefined);
  assert.ok(!store.hasQueuedReload(undefined));
});

test('another reload in the queue is known', () => {
  store.takeReload({ id: '1', state: 'queued' });
  assert.ok(!store.hasQueuedReload(store.newestReload()), 'the one that is shown is no other');
  store.takeReload({ id: '1', state: 'rolling' });
  store.takeReload({ id: '2', state: 'queued' });
  assert.ok(store.hasQueuedReload(store.newestReload()));
});

test('an old copy of a reload is ignored', () => {
  store.takeReload({ id: '1', state: 'live' });
  store.takeReload({ id: '1', state: 'rolling' });
  assert.equal(store.newestReload().state, 'live');
});

test('a copy in the same state replaces the one before', () => {
  store.takeReload({ id: '1', state: 'rolling', replaced: 1 });
  store.takeReload({ id: '1', state: 'rolling', replaced: 2 });
  assert.equal(store.newestReload().replaced, 2);
});

test('statistics that an event has overtaken do not undo it', () => {
  store.takeEvent({ time: at(10), reload: { id: '1', state: 'rolling', replaced: 2 } });
  store.takeStats(statistics(9.5, { reload: { id: '1', state: 'rolling', replaced: 1 } }));
  assert.equal(store.newestReload().replaced, 2);
  store.takeStats(statistics(10.5, { reload: { id: '1', state: 'rolling', replaced: 3 } }));
  assert.equal(store.newestReload().replaced, 3);
});

test('statistics that seem much too old are believed: somebody set the clock', () => {
  store.takeEvent({ time: at(3600), reload: { id: '1', state: 'rolling', replaced: 1 } });
  store.takeStats(statistics(10, { reload: { id: '1', state: 'rolling', replaced: 2 } }));
  assert.equal(store.newestReload().replaced, 2);
});

test('an event about something else changes no reload', () => {
  store.takeEvent({ time: at(10), worker: { slot: 0 } });
  store.takeStats(statistics(9, { reload: { id: '1', state: 'queued' } }));
  assert.equal(store.newestReload().state, 'queued');
});

test('the reloads of the master before are forgotten', () => {
  store.takeEvent({ time: at(10), reload: { id: '9', state: 'live' } });
  store.forgetReloads();
  assert.equal(store.newestReload(), undefined);
  store.takeStats(statistics(9, { reload: { id: '1', state: 'rolling' } }));
  assert.equal(store.newestReload().id, '1');
});

test('old reloads make room', () => {
  for (let n = 100; n < 130; n += 1) store.takeReload({ id: String(n), state: 'completed' });
  store.takeReload({ id: '100', state: 'queued' });
  assert.ok(!store.hasQueuedReload(undefined), 'the oldest is not kept');
  assert.equal(store.newestReload().id, '129');
});

test('blockers belong to the reload that was asked about', () => {
  store.takeBlockers({ id: '1', waiting_for: [{ worker_id: 'a' }] });
  assert.deepEqual(store.blockersOf({ id: '1' }), [{ worker_id: 'a' }]);
  assert.deepEqual(store.blockersOf({ id: '2' }), []);
  store.takeBlockers({ id: '1', waiting_for: null });
  assert.deepEqual(store.blockersOf({ id: '1' }), []);
});

test('a master is reachable while connected, until it stops', () => {
  assert.ok(!store.reachable);
  store.connected = true;
  assert.ok(store.reachable, 'even before the first statistics');
  store.takeStats(statistics(1, { stopping: true }));
  assert.ok(!store.reachable);
});

test('the time is that of the master', () => {
  store.takeStats(statistics(42.5));
  assert.equal(store.masterTime(), START + 42_500);
});
