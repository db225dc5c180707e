// The reloads that we were told of. Statistics, events and answers may overtake each other.

import { get } from './ask.js';

const KEPT = 20;
const RANK = { queued: 0, rolling: 1, live: 2, reverting: 3, completed: 4, failed: 4, aborted: 4 };
const reloads = new Map(); // by id; a UUIDv7, so ids in order are reloads in order
const asked = new Set(); // ids whose end we missed and asked for
const OVERTAKEN_MS = 5_000; // a sample that seems older is not: the master's clock was set
let lastTold = 0; // when the latest event happened

// observe takes in a copy of a reload. A reload never goes back to a state, so a copy from before is left aside.
export function observe(reload) {
  if (!reload?.id) return;
  if (rank(reload) < rank(reloads.get(reload.id))) return;
  reloads.set(reload.id, reload);
  for (const id of [...reloads.keys()].sort().slice(0, -KEPT)) reloads.delete(id);
}

export function observeEvent({ reload, time }) {
  if (!reload) return;
  lastTold = Date.parse(time);
  observe(reload);
}

// observeSample takes in the reload of statistics that are as of a time. They may have been taken just before an
// event that came first, and would undo what it said until the next ones come.
export function observeSample(reload, time) {
  const behind = lastTold - time;
  if (behind < 0 || behind > OVERTAKEN_MS) observe(reload);
}

const rank = (reload) => RANK[reload?.state] ?? 0;
export const ended = (reload) => rank(reload) === RANK.completed;

export function forgetReloads() {
  reloads.clear();
  asked.clear();
  lastTold = 0;
}

// newest is the one that the page is about: the latest that has begun, or else that waits to.
export function newest() {
  const all = [...reloads.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  return all.find((reload) => reload.state !== 'queued') ?? all[0];
}

// anotherQueued reports whether a reload waits behind this one.
export const anotherQueued = (reload) => [...reloads.values()].some((other) => other.state === 'queued' && other !== reload);

// settle is called where the master says that no reload is under way: an end that we were not told,
// because events were lost, is asked for. It reports whether something was learned.
export async function settle() {
  const open = newest();
  if (!open || ended(open) || asked.has(open.id)) return false;
  asked.add(open.id);
  try {
    observe(await get(`reloads/${encodeURIComponent(open.id)}`));
  } catch {
    asked.delete(open.id); // the next statistics try again
    return false;
  }
  return true;
}
