// The pool panel: how many workers there are, what is wrong, and the listeners.

import { byId, element, keepChildren, setAttribute, setText, showText } from './dom.js';
import { count, plural } from './format.js';

export function renderPool(status) {
  const { pool } = status;
  setText(byId('pool-ready'), `${pool.ready}/${pool.size}`);
  setText(byId('pool-size'), count(pool.size));
  setText(byId('pool-starting'), count(pool.starting ?? 0));
  setText(byId('pool-draining'), count(pool.draining ?? 0));
  setText(byId('pool-connections'), count(status.totals?.connections));
  showText(byId('pool-note'), attention(status));
  showText(byId('pool-missing'), missing(status.missing ?? []));
  showText(byId('pool-history'), history(status.totals));
  renderListeners(status.listeners ?? []);
}

function attention({ ready, alarms }) {
  return alarms.length > 0 ? `${ready ? 'Not complete' : 'Not ready'}: ${alarms.join('; ')}.` : '';
}

// missing is a warning: running workers go on, but the next one would lack something.
function missing(things) {
  return things.length > 0 ? `Missing: ${things.join('; ')}. A worker that starts now would lack it; a reload uses what is there.` : '';
}

function history(totals) {
  if (!totals) return '';
  return `Since the master started: ${plural(totals.workers_started ?? 0, 'worker')} started`
    + ` (${count(totals.workers_died ?? 0)} died unexpectedly), ${plural(totals.reloads_completed ?? 0, 'reload')} completed,`
    + ` ${count(totals.reloads_failed ?? 0)} failed.`;
}

function renderListeners(listeners) {
  keepChildren(byId('listeners'), listeners, {
    key: (listener) => listener.name,
    create: () => {
      const item = element('li');
      item.append(element('span', 'listener-name'), element('span', 'listener-address'), element('span', 'listener-queue'));
      return item;
    },
    update: (item, listener) => {
      const [name, address, queue] = item.children;
      setText(name, listener.name);
      setText(address, listener.address);
      const hasQueue = listener.backlog !== null; // a datagram socket has none
      setText(queue, hasQueue ? `queue ${count(listener.queue_depth)} of ${count(listener.backlog)}` : listener.network);
      // A queue that is more than half full may soon turn connections away.
      setAttribute(item, 'data-full', listener.queue_depth * 2 > listener.backlog);
    },
  });
}
