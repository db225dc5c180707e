import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assumedInWords, FIGURES, lostConnectionInWords, verdictColour, verdictInWords } from '../receipt-words.js';

const LOSSLESS = { losses: [], lossless: true, unproven: [] };
const LOSSY = { losses: ['1 connection was cut', '1 probe was refused'], lossless: false, unproven: [] };
const UNPROVEN = { losses: [], lossless: null, unproven: ['no probe was made'] };

test('without a receipt nothing is known', () => {
  assert.equal(verdictInWords({}), 'Nothing measured yet.');
  assert.equal(verdictColour({}), 'open');
});

test('before the end there is no verdict, only losses', () => {
  assert.equal(verdictInWords({ state: 'live', receipt: { ...UNPROVEN, unproven: [] } }), 'Nothing lost so far; the verdict comes with the end.');
  assert.equal(verdictInWords({ state: 'live', receipt: LOSSY }), 'Not lossless so far: 1 connection was cut; 1 probe was refused.');
  assert.equal(verdictColour({ state: 'live', receipt: LOSSY }), 'false');
});

test('the verdict on a completed reload', () => {
  const verdict = (receipt) => [verdictInWords({ state: 'completed', receipt }), verdictColour({ state: 'completed', receipt })];
  assert.deepEqual(verdict(LOSSLESS), ['Lossless: no connection was lost, as far as can be measured.', 'true']);
  assert.deepEqual(verdict(LOSSY), ['Not lossless: 1 connection was cut; 1 probe was refused.', 'false']);
  assert.deepEqual(verdict(UNPROVEN), ['Unknown whether anything was lost: no probe was made.', 'open']);
});

test('a failed reload says who serves, and is no success', () => {
  const failed = { state: 'failed', error: {}, serving: 3, total: 3, receipt: LOSSLESS };
  const verdict = (change) => verdictInWords({ ...failed, ...change });
  const nothingLost = 'Nothing was lost meanwhile, as far as can be measured.';
  assert.equal(verdictColour(failed), 'false');
  assert.equal(verdict({}), `Failed: the generation before serves. ${nothingLost}`);
  assert.equal(verdict({ state: 'aborted' }), `Aborted: the generation before serves. ${nothingLost}`);
  assert.equal(verdict({ serving: 1 }), `Failed: the generation before serves 1 of 3 slots. ${nothingLost}`);
  assert.equal(verdict({ serving: 0 }), `Failed: no worker serves. ${nothingLost}`);
  assert.equal(verdict({ error: { revert_failed: true } }), `Failed, and it could not be taken back. ${nothingLost}`);
  assert.equal(verdict({ error: { stopping: true } }), `Failed: the master stops, so no generation serves. ${nothingLost}`);
});

test('a failed reload says what was lost meanwhile', () => {
  const verdict = (receipt) => verdictInWords({ state: 'failed', serving: 1, total: 1, receipt });
  assert.match(verdict(LOSSY), / Meanwhile it was not lossless: 1 connection was cut; 1 probe was refused\.$/);
  assert.match(verdict(UNPROVEN), / Unknown whether anything was lost meanwhile: no probe was made\.$/);
});

test('readiness that was assumed is named', () => {
  assert.equal(assumedInWords([]), '');
  assert.equal(assumedInWords(['slot 0: it printed nothing', 'slot 1: likewise']), 'Readiness was assumed, not seen: slot 0: it printed nothing; slot 1: likewise.');
});

test('a lost connection says whose it was and how long it was quiet', () => {
  const connection = { remote: '192.0.2.1:5', listener: 'web', state: 'established', idle_ms: 65_000, how: 'cut' };
  assert.equal(lostConnectionInWords(connection), '192.0.2.1:5 · web · established, quiet for 1 min 5 s · cut');
  assert.equal(lostConnectionInWords({ ...connection, remote: null, idle_ms: null }), '– · web · established · cut');
});

const RECEIPT = {
  probes: { ok: 10, sent: 10, refused: 0, reset: 0, not_accepted: 0, answered_by: { new: 4 }, slowest_ms: 12.34, stalled_ms: null, before_ms: 1500 },
  checks: { passed: 3, failed: 0, reached: null, of: null, not_reached: [] },
  connections: { drained: 1234, cut: 0, dropped: null, evicted: 0 },
  workers_died: 0, deepest_queue: 7, listen_overflows: 0, listen_drops: 0,
};
const figure = (label, receipt) => FIGURES.find((each) => each.label === label).value(receipt);
const badFigures = (receipt) => FIGURES.filter(({ bad }) => bad?.(receipt)).map(({ label }) => label).join(', ');

test('figures are short, and unknown ones are dashes', () => {
  assert.equal(figure('Probes answered', RECEIPT), '10');
  assert.equal(figure('Probes answered', { probes: { ok: 9, sent: 10 } }), '9 of 10');
  assert.equal(figure('Slowest probe', RECEIPT), '12 ms');
  assert.equal(figure('Slowest probe', { probes: { ok: 0, slowest_ms: 0 } }), '–', 'no probe was answered');
  assert.equal(figure('Slowest before', RECEIPT), '1.5 s');
  assert.equal(figure('Slowest before', { probes: { before_ms: null } }), '–');
  assert.equal(figure('Workers checked', RECEIPT), '–');
  assert.equal(figure('Workers checked', { checks: { reached: 1, of: 2 } }), '1 of 2');
  assert.equal(figure('Drained', RECEIPT), '1,234');
  assert.equal(figure('Dropped', RECEIPT), '–');
});

test('a figure is bad if something was lost', () => {
  assert.equal(badFigures(RECEIPT), '');
  assert.equal(badFigures({ ...RECEIPT, probes: { ...RECEIPT.probes, refused: 1 } }), 'Probes answered');
  assert.equal(badFigures({ ...RECEIPT, checks: { ...RECEIPT.checks, failed: 1, not_reached: [{ slot: 0 }] } }), 'Checks passed, Workers checked');
  assert.equal(badFigures({ ...RECEIPT, connections: { cut: 1, dropped: 1, evicted: 1 } }), 'Cut, Dropped, Evicted');
  assert.equal(badFigures({ ...RECEIPT, listen_overflows: 1, listen_drops: 1 }), 'Queue overflows, Listener drops');
});
