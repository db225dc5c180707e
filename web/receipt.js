// The receipt: what was measured of a reload, so far or at all.

import { byId, element, keepChildren, setAttribute, setText } from './dom.js';
import { age, count, plural, text, UNKNOWN } from './format.js';
import { ended } from './reloads.js';

const FIGURES = [
  { label: 'Probes answered', value: ({ probes }) => outOf(probes.ok, probes.sent), bad: ({ probes }) => probes.refused + probes.reset },
  { label: 'Slowest probe', value: ({ probes }) => (probes.sent > 0 ? `${probes.slowest_ms.toPrecision(2)} ms` : UNKNOWN) },
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

export function renderReceipt(reload) {
  const receipt = reload?.receipt;
  setText(byId('receipt-of'), receipt ? `of the reload to generation ${reload.generation}` : '');
  setText(byId('receipt-verdict'), verdict(receipt, reload));
  setAttribute(byId('receipt-verdict'), 'data-lossless', receipt?.lossless ?? (receipt?.losses.length ? 'false' : 'open'));
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
  renderLost(receipt?.cut_connections ?? []);
}

function verdict(receipt, reload) {
  if (!receipt) return 'Nothing measured yet.';
  const losses = receipt.losses.join('; ');
  if (receipt.lossless === null && !losses && ended(reload) && reload.serving === 0) return 'Nothing was measured: no worker served.';
  if (receipt.lossless === null) return losses ? `Not lossless so far: ${losses}.` : 'Nothing lost so far; the verdict comes with the end.';
  return receipt.lossless ? 'Lossless: no connection was lost, as far as can be measured.' : `Not lossless: ${losses}.`;
}

// assumed says which of the new workers were not seen to be ready.
function assumed(reasons) {
  return reasons.length > 0 ? `Readiness was assumed, not seen: ${reasons.join('; ')}.` : '';
}

function renderLost(list) {
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
