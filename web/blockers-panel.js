// What a reload waits for: the workers that drain, and the connections that they hold.

import { byId, element, keepChildren, setText } from './dom.js';
import { plural } from './format.js';
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
      setText(item.firstElementChild, `Slot ${worker.slot}, generation ${worker.generation}: ${worker.holds_text}`);
      setText(item.lastElementChild, worker.peers_text);
    },
  });
}

function summary({ draining }, blockers) {
  return `${plural(draining, 'older worker')}${blockers.length === 0 ? '; asking what they hold…' : ''}`;
}
