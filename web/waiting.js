// What a reload waits for: the connections that keep older workers from leaving. They are asked for
// while there are such workers, and only then.

import { get } from './ask.js';
import { byId, element, keepChildren, setText } from './dom.js';
import { age, plural, text } from './format.js';
import { ended, observe } from './reloads.js';

const PACE_MS = 2_000;

let asking = false;
let askedAt = 0;
let wasOpen = false;
let known = { of: null, list: [] }; // the latest answer

// watchDrain is called with every statistics. It reports whether something was learned.
export async function watchDrain(reload, draining) {
  if (!reload || asking || document.hidden || performance.now() - askedAt < PACE_MS) return false;
  const open = unsettled(reload, draining);
  if (!open && !wasOpen) return false;
  wasOpen = open; // once more after it: that answer is the last word
  asking = true;
  try {
    const fresh = await get(`reloads/${encodeURIComponent(reload.id)}`);
    if (!fresh) return false;
    observe(fresh);
    known = { of: fresh.id, list: fresh.waiting_for ?? [] };
    return true;
  } catch {
    return false; // that the line is lost is told elsewhere
  } finally {
    asking = false;
    askedAt = performance.now();
  }
}

// unsettled reports whether what is known of the reload still changes without an event. The receipt of one that
// failed or was aborted grows until the workers that it started are gone.
function unsettled(reload, draining) {
  if (!ended(reload)) return reload.draining > 0;
  return reload.state !== 'completed' && draining > 0;
}

export function renderWaiting(reload) {
  const waits = reload && !ended(reload) && reload.draining > 0;
  const list = waits && known.of === reload.id ? known.list : [];
  setText(byId('waiting-text'), summary(waits ? reload : null, list));
  keepChildren(byId('waiting-list'), list, {
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

function summary(reload, list) {
  if (!reload) return 'Nothing: no older worker drains.';
  return `${plural(reload.draining, 'older worker')}${list.length === 0 ? '; what they hold is asked for' : ''}`;
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
