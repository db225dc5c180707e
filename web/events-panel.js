// The list of the latest events, newest first.

import { byId, element } from './dom.js';
import { clock } from './format.js';

const KEPT_EVENTS = 200;

export function addEvent(event) {
  const date = new Date(event.time);
  const item = element('li');
  item.dataset.type = event.type;
  if (event.type === 'reload.completed' && event.reload?.error) item.dataset.unstable = '';
  if (event.seq) item.dataset.seq = event.seq;
  const time = element('time', 'event-time', clock(date, { milliseconds: true }));
  if (!Number.isNaN(date.getTime())) time.dateTime = event.time;
  item.append(time, element('span', 'event-type', event.type), element('span', 'event-message', messageOf(event)));

  const list = byId('events');
  list.prepend(item);
  while (list.children.length > KEPT_EVENTS) list.lastElementChild.remove();
  byId('events-empty').hidden = true;
}

// addLostEvents says in the list that events are missing.
export function addLostEvents(lost) {
  addEvent({
    type: 'events.lost',
    time: new Date().toISOString(),
    message: lost?.message ?? 'Some events before this one are no longer known.',
  });
}

export function clearEvents() {
  byId('events').replaceChildren();
  byId('events-empty').hidden = false;
}

function messageOf(event) {
  if (event.message) return event.message;
  return event.worker ? `worker in slot ${event.worker.slot}, pid ${event.worker.pid}` : '';
}
