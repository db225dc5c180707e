// The receipt panel: what was measured during a reload.

import { byId, element, keepChildren, setAttribute, setText } from './dom.js';
import { age, count, plural, text, UNKNOWN } from './format.js';
import { hasEnded } from './reload-state.js';

const FIGURES = [
  { label: 'Probes answered', value: ({ probes }) => outOf(probes.ok, probes.sent), bad: ({ probes }) => probes.refused + probes.reset },
  { label: 'By new workers', value: ({ probes }) => count(probes.answered_by.new) },
  { label: 'Not accepted', value: ({ probes }) => count(probes.not_accepted) },
  { label: 'Slowest probe', value: ({ probes }) => slow(probes.ok > 0 ? probes.slowest_ms : null), bad: ({ probes }) => probes.stalled_ms },
  { label: 'Slowest before', value: ({ probes }) => slow(probes.before_ms) },
  { label: 'Checks passed', value: ({ checks }) => outOf(checks.passed, checks.passed + checks.failed), bad: ({ checks }) => checks.failed },
  { label: 'Workers checked', value: ({ checks }) => (checks.of === null ? UNKNOWN : `${count(checks.reached)} of ${count(checks.of)}`), bad: ({ checks }) => checks.not_reached.length },
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

const slow = (ms) => {
  if (ms === null) return UNKNOWN;
  return ms < 1000 ? `${Number(ms.toPrecision(2))} ms` : `${(ms / 1000).toFixed(1)} s`;
};

export function renderReceipt(reload) {
  const receipt = reload?.receipt;
  setText(byId('receipt-of'), receipt ? `of the reload to generation ${reload.generation}` : '');
  setText(byId('receipt-verdict'), verdict(receipt, reload));
  setAttribute(byId('receipt-verdict'), 'data-lossless', lossless(receipt, reload));
  setText(byId('receipt-assumed'), assumed(reload?.assumed ?? []));
  keepChildren(byId('receipt-figures'), FIGURES, {
    key: (figure) => figure.label,
    create: ({ label }) => {
      const cell = element('div');
      cell.append(element('dt', '', label), element('dd'));
      return cell;
    },
    update: (cell, { value, bad }) => {
      setText(cell.lastElementChild, receipt ? value(receipt) : UNKNOWN);
      setAttribute(cell, 'data-bad', Boolean(receipt && bad?.(receipt)));
    },
  });
  renderLostConnections(receipt?.cut_connections ?? []);
}

// lossless is what the colour of the verdict says. A failed reload is never shown as a success.
function lossless(receipt, reload) {
  if (!receipt) return 'open';
  if (reload.error || receipt.losses.length > 0) return 'false';
  return receipt.lossless ?? 'open';
}

function verdict(receipt, reload) {
  if (!receipt) return 'Nothing measured yet.';
  const losses = receipt.losses.join('; ');
  if (!hasEnded(reload)) return losses ? `Not lossless so far: ${losses}.` : 'Nothing lost so far; the verdict comes with the end.';
  if (reload.state !== 'completed') return `${serving(reload)} ${meanwhile(receipt, losses)}`;
  if (receipt.lossless === null) return `Unknown whether anything was lost: ${receipt.unproven.join('; ')}.`;
  return receipt.lossless ? 'Lossless: no connection was lost, as far as can be measured.' : `Not lossless: ${losses}.`;
}

// assumed says which new workers were not seen to be ready.
function assumed(reasons) {
  return reasons.length > 0 ? `Readiness was assumed, not seen: ${reasons.join('; ')}.` : '';
}

// serving says what serves after a reload that failed or was aborted.
function serving({ state, error, serving: slots, total }) {
  const what = state === 'failed' ? 'Failed' : 'Aborted';
  if (error?.stopping) return `${what}: the master stops, so no generation serves.`;
  if (error?.revert_failed) return `${what}, and it could not be taken back.`;
  if (slots === 0) return `${what}: no worker serves.`;
  if (slots < total) return `${what}: the generation before serves ${count(slots)} of ${plural(total, 'slot')}.`;
  return `${what}: the generation before serves.`;
}

function meanwhile(receipt, losses) {
  if (losses) return `Meanwhile it was not lossless: ${losses}.`;
  if (receipt.lossless === null) return `Unknown whether anything was lost meanwhile: ${receipt.unproven.join('; ')}.`;
  return 'Nothing was lost meanwhile, as far as can be measured.';
}

function renderLostConnections(list) {
  byId('receipt-lost').hidden = list.length === 0;
  setText(byId('receipt-lost-title'), `${plural(list.length, 'connection')} cut or dropped`);
  keepChildren(byId('receipt-lost-list'), list, {
    key: (connection) => connection.id,
    create: () => element('li'),
    update: (item, { remote, listener, state, idle_ms: idle, how }) => {
      const quiet = idle === null ? '' : `, quiet for ${age(idle / 1000)}`;
      setText(item, `${text(remote)} · ${listener} · ${state}${quiet} · ${how}`);
    },
  });
}
