// What a reload waits for: the workers that drain, and the connections that they hold.

import { byId, element, keepChildren, setText } from './dom.js';
import { age, plural, text } from './format.js';
import { hasEnded } from './reload-state.js';

// renderBlockers shows the workers that the reload waits for, as far as they are known yet.
export function renderBlockers(reload, known) {
  const waits = reload && !hasEnded(reload) && reload.draining > 0;
  const blockers = waits ? known : [];
  setText(byId('waiting-text'), waits ? summary(reload, blockers) : 'Nothing: no older worker drains.');
  keepChildren(byId('waiting-list'), blockers, {
    key: (worker) => worker.worker_id,
    create: () => {
      const item = element('li');
      item.append(element('span', 'holder'), element('span', 'holding'));
      return item;
    },
    update: (item, worker) => {
      setText(item.firstElementChild, `Slot ${worker.slot}, generation ${worker.generation}: ${holds(worker)}`);
      setText(item.lastElementChild, peers(worker));
    },
  });
}

function summary({ draining }, blockers) {
  return `${plural(draining, 'older worker')}${blockers.length === 0 ? '; what they hold is asked for' : ''}`;
}

function holds({ connections, active, idle, half_closed: halfClosed }) {
  if (connections === null) return 'the kernel does not tell what it holds';
  if (connections === 0) return 'no connection';
  const kinds = [[active, 'active'], [idle, 'idle'], [halfClosed, 'half-closed']].filter(([n]) => n > 0);
  return `${plural(connections, 'connection')} (${kinds.map(([n, kind]) => `${n} ${kind}`).join(', ')})`;
}

function peers({ oldest, peers: others }) {
  if (!oldest) return '';
  const quiet = oldest.idle_ms === null ? '' : ` for ${age(oldest.idle_ms / 1000)}`;
  const rest = others.filter((peer) => peer !== oldest.remote);
  return `quiet the longest: ${text(oldest.remote)}${quiet}${rest.length > 0 ? `; also ${rest.join(', ')}` : ''}`;
}
