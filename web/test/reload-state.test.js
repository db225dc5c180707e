import assert from 'node:assert/strict';
import { test } from 'node:test';

import { allowedActions, hasEnded, isUnderWay, outcome, pauseReason, stateRank } from '../reload-state.js';

const actions = (reload) => Object.entries(allowedActions(reload)).filter(([, allowed]) => allowed).map(([name]) => name).join(' ');

test('a reload never goes back to a state of lower rank', () => {
  for (const path of [
    ['queued', 'rolling', 'live', 'completed'],
    ['queued', 'rolling', 'live', 'reverting', 'failed'],
    ['queued', 'aborted'],
  ]) {
    const ranks = path.map((state) => stateRank({ state }));
    assert.deepEqual(ranks, [...ranks].sort((a, b) => a - b), path.join(', '));
    assert.equal(new Set(ranks).size, path.length, path.join(', '));
  }
});

test('which states are the end', () => {
  for (const state of ['completed', 'failed', 'aborted']) assert.ok(hasEnded({ state }), state);
  for (const state of ['queued', 'rolling', 'live', 'reverting']) assert.ok(!hasEnded({ state }), state);
  assert.ok(!hasEnded(undefined));
});

test('which states are under way', () => {
  for (const state of ['rolling', 'reverting']) assert.ok(isUnderWay({ state }), state);
  for (const state of ['queued', 'live', 'completed']) assert.ok(!isUnderWay({ state }), state);
  assert.ok(!isUnderWay(undefined));
});

test('the rest between two batches is no pause', () => {
  assert.equal(pauseReason({ state: 'rolling', paused: { why: 'between' } }), null);
  assert.equal(pauseReason({ state: 'rolling', paused: { why: 'canary' } }), 'canary');
  assert.equal(pauseReason({ state: 'rolling', paused: null }), null);
  assert.equal(pauseReason({ state: 'aborted', paused: { why: 'asked' } }), null);
  assert.equal(pauseReason(undefined), null);
});

test('a completed reload with an error is unstable', () => {
  assert.equal(outcome({ state: 'completed', error: null }), 'completed');
  assert.equal(outcome({ state: 'completed', error: { message: 'a worker died' } }), 'unstable');
  assert.equal(outcome({ state: 'failed', error: { message: 'exited with code 3' } }), 'failed');
});

test('a page without a reload offers nothing for it', () => {
  assert.equal(actions(undefined), '');
});

test('what can be done depends on the state', () => {
  assert.equal(actions({ state: 'queued' }), 'abort');
  assert.equal(actions({ state: 'rolling' }), 'pause abort');
  assert.equal(actions({ state: 'rolling', paused: { why: 'between' } }), 'pause abort');
  assert.equal(actions({ state: 'rolling', paused: { why: 'asked' } }), 'resume abort');
  assert.equal(actions({ state: 'rolling', paused: { why: 'canary' } }), 'pause promote abort');
  assert.equal(actions({ state: 'live', on_trial: true }), 'abort');
  assert.equal(actions({ state: 'live', on_trial: false }), '');
  for (const state of ['reverting', 'completed', 'failed', 'aborted']) assert.equal(actions({ state }), '', state);
});
