import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  addressesInWords, factsInWords, pauseInWords, reloadInWords, strategyInWords, titleInWords, trialInWords,
} from '../reload-words.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const later = (seconds) => new Date(NOW + seconds * 1000).toISOString();

test('the title says how many workers are ready', () => {
  const pool = { ready: 2, size: 3 };
  assert.equal(titleInWords(undefined, undefined, true), 'connecting…');
  assert.equal(titleInWords(pool, undefined, true), '2/3 ready');
  assert.equal(titleInWords(pool, { state: 'rolling' }, true), '2/3 ready, reloading');
  assert.equal(titleInWords(pool, { state: 'reverting' }, true), '2/3 ready, reloading');
  assert.equal(titleInWords(pool, { state: 'rolling', paused: { why: 'between' } }, true), '2/3 ready, reloading');
  assert.equal(titleInWords(pool, { state: 'rolling', paused: { why: 'canary' } }, true), '2/3 ready, paused');
  assert.equal(titleInWords(pool, { state: 'completed' }, true), '2/3 ready');
  assert.equal(titleInWords(pool, { state: 'rolling' }, false), 'not connected');
});

test('a reload under way says how far it is', () => {
  const reload = { state: 'rolling', replaced: 1, total: 3 };
  assert.equal(reloadInWords({ state: 'queued' }), 'queued: starts when the reload before it is live');
  assert.equal(reloadInWords(reload), 'replacing slot workers: 1 of 3');
  assert.equal(reloadInWords({ ...reload, paused: { why: 'between' } }), 'replacing slot workers: 1 of 3');
  assert.equal(reloadInWords({ ...reload, paused: { why: 'canary' } }), 'paused after the canary: 1 of 3 replaced');
  assert.equal(reloadInWords({ ...reload, paused: { why: 'asked' } }), 'paused: 1 of 3 replaced');
});

test('a live reload says what it waits for', () => {
  const reload = { state: 'live', draining: 0, on_trial: false };
  assert.equal(reloadInWords(reload), 'live');
  assert.equal(reloadInWords({ ...reload, on_trial: true }), 'live, on trial');
  assert.equal(reloadInWords({ ...reload, draining: 1, connections_remaining: 2 }), 'live; waits for 1 older worker with 2 open connections');
  assert.equal(reloadInWords({ ...reload, draining: 2, connections_remaining: null }), 'live; waits for 2 older workers', 'they were not counted yet');
});

test('a completed reload says how long it took and whether anything was lost', () => {
  const reload = { state: 'completed', requested_at: later(-60), started_at: later(-2), finished_at: later(0) };
  assert.equal(reloadInWords(reload), 'completed in 2 s');
  assert.equal(reloadInWords({ ...reload, receipt: { lossless: true } }), 'completed in 2 s, lossless');
  assert.equal(reloadInWords({ ...reload, receipt: { lossless: false } }), 'completed in 2 s, but not lossless');
  assert.equal(reloadInWords({ ...reload, receipt: { lossless: null } }), 'completed in 2 s, unknown whether lossless');
  assert.equal(reloadInWords({ ...reload, error: { message: 'slot 0 has no worker' } }), 'unstable: completed in 2 s, but slot 0 has no worker');
});

test('a reload that went wrong says why', () => {
  assert.equal(reloadInWords({ state: 'reverting', error: { message: 'exited with code 3' } }), 'going back to the generation before: exited with code 3');
  assert.equal(reloadInWords({ state: 'failed', error: { message: 'exited with code 3' } }), 'failed: exited with code 3');
  assert.equal(reloadInWords({ state: 'failed' }), 'failed: the master gave no reason');
  assert.equal(reloadInWords({ state: 'aborted' }), 'aborted: the master was told to stop');
});

test('a state that the page does not know is shown as it is', () => {
  assert.equal(reloadInWords({ state: 'resting' }), 'resting');
});

test('the facts are those that are known', () => {
  assert.equal(factsInWords({ generation: 2 }), 'Generation 2');
  assert.equal(factsInWords({ generation: 2, state: 'live', draining: 1 }), 'Generation 2', 'the line above says what it waits for');
  assert.equal(
    factsInWords({ generation: 2, revision: 'abc', trigger: 'api', callers_total: 2, state: 'rolling', draining: 1, reason: 'release' }),
    'Generation 2 · revision abc · by api · 2 callers · 1 older worker draining · “release”',
  );
});

test('the strategy has a part for each setting', () => {
  const strategy = { surge: '1', surge_workers: 1, canary: 0, canary_soak: '0s', pause_between: '0s', soak: '0s' };
  assert.equal(strategyInWords(strategy, 4), '1 slot at a time · no soak');
  assert.equal(strategyInWords({ ...strategy, surge: '50%', surge_workers: 2 }, 4), '2 slots at a time (50%) · no soak');
  assert.equal(strategyInWords({ ...strategy, surge: '100%', surge_workers: 4 }, 4), 'all slots at once (100%) · no soak');
  assert.equal(strategyInWords(strategy, 1), '1 slot at a time · no soak');
  assert.equal(
    strategyInWords({ ...strategy, canary: 1, pause_between: '5s', soak: '1m0s' }, 4),
    '1 slot at a time · a canary of 1 first, until promoted · 5s between batches · a soak of 1m0s',
  );
  assert.equal(
    strategyInWords({ ...strategy, canary: 1, canary_soak: '30s' }, 4),
    '1 slot at a time · a canary of 1 first, for 30s or until promoted · no soak',
  );
});

test('the trial says when it ends', () => {
  assert.equal(trialInWords({ state: 'queued' }, NOW), 'not begun');
  assert.equal(trialInWords({ state: 'rolling', strategy: { soak: '0s' } }, NOW), 'on trial, until it is live');
  assert.equal(trialInWords({ state: 'rolling', strategy: { soak: '1m0s' } }, NOW), 'on trial, until it has been live for 1m0s');
  assert.equal(trialInWords({ state: 'live', on_trial: true, trial_ends_at: later(89.2) }, NOW), 'on trial, 1 min 30 s left');
  assert.equal(trialInWords({ state: 'live', on_trial: true, trial_ends_at: null }, NOW), 'on trial, until its checks have passed');
  assert.equal(trialInWords({ state: 'live', on_trial: true, trial_ends_at: later(-1) }, NOW), 'on trial, until its checks have passed');
  assert.equal(trialInWords({ state: 'live', on_trial: false }, NOW), 'passed');
  assert.equal(trialInWords({ state: 'completed' }, NOW), 'passed');
  assert.equal(trialInWords({ state: 'failed' }, NOW), 'over');
  assert.equal(trialInWords({ state: 'failed', error: { revert_failed: true } }, NOW), 'over; going back failed too');
});

test('a pause says what ends it', () => {
  const since = later(-5);
  assert.equal(pauseInWords(null, NOW), 'none');
  assert.match(pauseInWords({ why: 'asked', since }, NOW), /^asked for at .*:55, until it is resumed$/);
  assert.match(pauseInWords({ why: 'canary', since, until: null }, NOW), /^after the canary since .*:55, until it is promoted$/);
  assert.equal(pauseInWords({ why: 'canary', since, until: later(9.5) }, NOW), 'after the canary, 10 s left, or until it is promoted');
  assert.equal(pauseInWords({ why: 'between', since, until: later(3) }, NOW), 'between batches, 3 s left');
  assert.equal(pauseInWords({ why: 'between', since, until: later(-3) }, NOW), 'between batches, 0 s left');
  assert.equal(pauseInWords({ why: 'lunch', since }, NOW), 'lunch');
});

test('an address of the canary has the name of its listener if there are several', () => {
  const one = { listener: 'web', address: '127.0.0.1:1' };
  const other = { listener: 'api', address: '127.0.0.1:2' };
  assert.equal(addressesInWords([one]), 'answers alone at 127.0.0.1:1');
  assert.equal(addressesInWords([one, other]), 'answers alone at 127.0.0.1:1 (web), 127.0.0.1:2 (api)');
});
