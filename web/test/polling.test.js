import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Polling } from '../polling.js';
import { Store } from '../store.js';

let store;
let polling;
let asked; // ids of reloads
let answer; // to the next question, or an error
let now; // milliseconds

beforeEach(() => {
  store = new Store();
  asked = [];
  answer = null;
  now = 0;
  polling = new Polling(store, async (id) => {
    asked.push(id);
    if (answer instanceof Error) throw answer;
    return answer;
  }, () => now);
});

function hear({ reload = null, draining = 0 }) {
  store.takeStats({ status: { started_at: '2026-01-01T00:00:00Z', uptime_seconds: 1, reload, pool: { draining } } });
}

test('a missed end is asked for once', async () => {
  hear({ reload: { id: '1', state: 'rolling' } });
  assert.equal(await polling.askForEnd(), false, 'it is still under way');
  hear({ reload: null });
  answer = { id: '1', state: 'completed' };
  assert.equal(await polling.askForEnd(), true);
  assert.equal(store.newestReload().state, 'completed');
  assert.equal(await polling.askForEnd(), false);
  assert.deepEqual(asked, ['1']);
});

test('nobody asks how no reload ended', async () => {
  hear({ reload: null });
  assert.equal(await polling.askForEnd(), false);
  assert.deepEqual(asked, []);
});

test('a reload that the master has forgotten is not asked for again', async () => {
  store.takeReload({ id: '1', state: 'rolling' });
  hear({ reload: null });
  await polling.askForEnd();
  await polling.askForEnd();
  assert.deepEqual(asked, ['1']);
});

test('after a failure the end is asked for again', async () => {
  store.takeReload({ id: '1', state: 'live' });
  hear({ reload: null });
  answer = new Error('no connection');
  assert.equal(await polling.askForEnd(), false);
  answer = { id: '1', state: 'completed' };
  assert.equal(await polling.askForEnd(), true);
});

test('blockers are asked for every two seconds', async () => {
  const reload = { id: '1', state: 'live', draining: 1 };
  hear({ reload, draining: 1 });
  answer = { ...reload, waiting_for: [{ worker_id: 'a' }] };
  assert.equal(await polling.askForBlockers(), true);
  assert.deepEqual(store.blockersOf(reload), [{ worker_id: 'a' }]);
  now += 1_999;
  assert.equal(await polling.askForBlockers(), false);
  now += 1;
  assert.equal(await polling.askForBlockers(), true);
  assert.deepEqual(asked, ['1', '1']);
});

test('nobody asks while nothing drains', async () => {
  hear({ reload: { id: '1', state: 'live', draining: 0 } });
  assert.equal(await polling.askForBlockers(), false);
  assert.deepEqual(asked, []);
});

test('after the drain blockers are asked for once more', async () => {
  const reload = { id: '1', state: 'live', draining: 1 };
  hear({ reload, draining: 1 });
  answer = reload;
  await polling.askForBlockers();
  hear({ reload: { id: '1', state: 'completed', draining: 0 } });
  for (let n = 0; n < 3; n += 1) {
    now += 2_000;
    await polling.askForBlockers();
  }
  assert.deepEqual(asked, ['1', '1']);
});

test('a failed reload is asked for while the workers that it started drain', async () => {
  hear({ reload: { id: '1', state: 'failed', draining: 0 }, draining: 1 });
  assert.equal(await polling.askForBlockers(), false, 'the master does not know it any more');
  assert.deepEqual(asked, ['1']);
});

test('nobody asks about an ended reload for the sake of other workers', async () => {
  hear({ reload: { id: '1', state: 'failed', draining: 0 }, draining: 0 });
  await polling.askForBlockers();
  hear({ reload: { id: '2', state: 'completed', draining: 0 }, draining: 1 });
  await polling.askForBlockers();
  assert.deepEqual(asked, []);
});

test('only one question is in flight', async () => {
  hear({ reload: { id: '1', state: 'live', draining: 1 }, draining: 1 });
  await Promise.all([polling.askForBlockers(), polling.askForBlockers()]);
  assert.deepEqual(asked, ['1']);
});

test('a question without an answer changes nothing', async () => {
  const reload = { id: '1', state: 'live', draining: 1 };
  hear({ reload, draining: 1 });
  answer = new Error('no connection');
  assert.equal(await polling.askForBlockers(), false);
  assert.deepEqual(store.blockersOf(reload), []);
});
