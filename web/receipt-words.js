// A receipt in words and numbers. All functions here are pure.

import { age, count, plural, text, UNKNOWN } from './format.js';
import { hasEnded } from './reload-state.js';

// FIGURES are the numbers of a receipt. One of which bad is more than zero is shown in red.
export const FIGURES = [
  { label: 'Probes answered', value: ({ probes }) => outOf(probes.ok, probes.sent), bad: ({ probes }) => probes.refused + probes.reset },
  { label: 'By new workers', value: ({ probes }) => count(probes.answered_by.new) },
  { label: 'Not accepted', value: ({ probes }) => count(probes.not_accepted) },
  { label: 'Slowest probe', value: ({ probes }) => latency(probes.ok > 0 ? probes.slowest_ms : null), bad: ({ probes }) => probes.stalled_ms },
  { label: 'Slowest before', value: ({ probes }) => latency(probes.before_ms) },
  { label: 'Checks passed', value: ({ checks }) => outOf(checks.passed, checks.passed + checks.failed), bad: ({ checks }) => checks.failed },
  { label: 'Workers checked', value: ({ checks }) => coverage(checks), bad: ({ checks }) => checks.not_reached.length },
  { label: 'Workers died', value: (receipt) => count(receipt.workers_died), bad: (receipt) => receipt.workers_died },
  { label: 'Drained', value: ({ connections }) => count(connections.drained) },
  { label: 'Cut', value: ({ connections }) => count(connections.cut), bad: ({ connections }) => connections.cut },
  { label: 'Dropped', value: ({ connections }) => count(connections.dropped), bad: ({ connections }) => connections.dropped },
  { label: 'Evicted', value: ({ connections }) => count(connections.evicted), bad: ({ connections }) => connections.evicted },
  { label: 'Deepest queue', value: (receipt) => count(receipt.deepest_queue) },
  { label: 'Queue overflows', value: (receipt) => count(receipt.listen_overflows), bad: (receipt) => receipt.listen_overflows },
  { label: 'Listener drops', value: (receipt) => count(receipt.listen_drops), bad: (receipt) => receipt.listen_drops },
];

const outOf = (part, all) => (part === all ? count(all) : `${count(part)} of ${count(all)}`);

const coverage = ({ reached, of }) => (of === null ? UNKNOWN : `${count(reached)} of ${count(of)}`);

function latency(ms) {
  if (ms === null) return UNKNOWN;
  return ms < 1000 ? `${Number(ms.toPrecision(2))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

// verdictColour is the value of data-lossless: true, false or open. A failed reload is never shown as a success.
export function verdictColour({ receipt, error }) {
  if (!receipt) return 'open';
  if (error || receipt.losses.length > 0) return 'false';
  return receipt.lossless === null ? 'open' : String(receipt.lossless);
}

export function verdictInWords(reload) {
  const { receipt, state } = reload;
  if (!receipt) return 'Nothing measured yet.';
  const losses = receipt.losses.join('; ');
  if (!hasEnded(reload)) return losses ? `Not lossless so far: ${losses}.` : 'Nothing lost so far; the verdict comes with the end.';
  if (state !== 'completed') return `${whoServes(reload)} ${lossesMeanwhile(receipt)}`;
  if (receipt.lossless === null) return `Unknown whether anything was lost: ${receipt.unproven.join('; ')}.`;
  return receipt.lossless ? 'Lossless: no connection was lost, as far as can be measured.' : `Not lossless: ${losses}.`;
}

// whoServes is for a reload that failed or was aborted.
function whoServes({ state, error, serving, total }) {
  const what = state === 'failed' ? 'Failed' : 'Aborted';
  if (error?.stopping) return `${what}: the master stops, so no generation serves.`;
  if (error?.revert_failed) return `${what}, and it could not be taken back.`;
  if (serving === 0) return `${what}: no worker serves.`;
  if (serving < total) return `${what}: the generation before serves ${count(serving)} of ${plural(total, 'slot')}.`;
  return `${what}: the generation before serves.`;
}

function lossesMeanwhile({ losses, lossless, unproven }) {
  if (losses.length > 0) return `Meanwhile it was not lossless: ${losses.join('; ')}.`;
  if (lossless === null) return `Unknown whether anything was lost meanwhile: ${unproven.join('; ')}.`;
  return 'Nothing was lost meanwhile, as far as can be measured.';
}

// assumedInWords says which new workers were not seen to be ready.
export function assumedInWords(reasons) {
  return reasons.length > 0 ? `Readiness was assumed, not seen: ${reasons.join('; ')}.` : '';
}

export function lostConnectionInWords({ remote, listener, state, idle_ms: idle, how }) {
  const quiet = idle === null ? '' : `, quiet for ${age(idle / 1000)}`;
  return `${text(remote)} · ${listener} · ${state}${quiet} · ${how}`;
}
