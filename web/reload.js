// The reload panel: the newest reload in words, as statistics and events tell of it, and the button.

import { byId, setText, showText } from './dom.js';
import { clock, elapsed, plural } from './format.js';

const KEPT = 20;
const RANK = { queued: 0, rolling: 1, reverting: 2, live: 2, completed: 3, failed: 3, aborted: 3 };
const reloads = new Map(); // by id; a UUIDv7, so ids in order are reloads in order
const asked = new Set(); // ids whose end we missed and asked for
let announced = null; // what a screen reader was last told of, as "id state"
let baseline = false; // whether the reloads of before we came are known

// observe takes in a copy of a reload. Events and statistics may overtake each other, and a reload
// never goes back, so a copy from before is left aside.
export function observe(reload) {
  if (!reload?.id) return;
  if (rank(reload) < rank(reloads.get(reload.id))) return;
  reloads.set(reload.id, reload);
  for (const id of [...reloads.keys()].sort().slice(0, -KEPT)) reloads.delete(id);
}

const rank = (reload) => RANK[reload?.state] ?? 0;
const ended = (reload) => rank(reload) === RANK.completed;

export function forgetReloads() {
  reloads.clear();
  asked.clear();
}

// settle is called where the master says that no reload is under way: an end that we were not told,
// because events were lost, is asked for.
export async function settle() {
  const open = newest();
  if (!open || ended(open) || asked.has(open.id)) return;
  asked.add(open.id);
  try {
    const answer = await fetch(`/reloads/${encodeURIComponent(open.id)}`, { headers: { Accept: 'application/json' } });
    if (answer.ok) observe(await answer.json());
  } catch {
    asked.delete(open.id); // the next statistics try again
    return;
  }
  renderReload();
}

function newest() {
  const all = [...reloads.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  return all.find((reload) => reload.state !== 'queued') ?? all[0];
}

export function renderReload() {
  const reload = newest();
  const waiting = [...reloads.values()].filter((other) => other.state === 'queued' && other !== reload);
  const progress = byId('reload-progress');
  document.body.dataset.reload = reload?.state ?? 'none';
  setText(byId('reload-text'), reload ? describe(reload) : 'No reload since the master started.');
  progress.hidden = !reload;
  if (reload) {
    progress.max = Math.max(1, reload.total ?? 1);
    progress.value = reload.replaced ?? 0;
  }
  showText(byId('reload-facts'), reload ? facts(reload) : '');
  showText(byId('reload-queued'), waiting.length > 0 ? 'Another reload is queued: it starts when this one is live.' : '');
  renderOutput(reload?.error);
  announce(reload);
}

export function describe(reload) {
  const why = reload.error?.message ?? 'the master gave no reason';
  switch (reload.state) {
    case 'queued': return 'queued: starts when the reload before it is live';
    case 'rolling': return `replacing slot workers: ${reload.replaced ?? 0} of ${reload.total ?? '?'}`;
    case 'live': return reload.draining > 0 ? `live; waits for ${olderWorkers(reload)}` : 'live';
    case 'completed': return `completed in ${took(reload)}${cut(reload)}`;
    case 'reverting': return `failed: ${why}; the workers of before are being put back`;
    case 'failed': return `failed: ${why}`;
    case 'aborted': return `aborted: ${reload.error?.message ?? 'the master was told to stop'}`;
    default: return reload.state;
  }
}

function olderWorkers(reload) {
  const workers = plural(reload.draining, 'older worker');
  const open = reload.connections_remaining; // null until they were counted
  return open === null ? workers : `${workers} with ${plural(open, 'open connection')}`;
}

function took(reload) {
  return elapsed((Date.parse(reload.finished_at) - Date.parse(reload.started_at ?? reload.requested_at)) / 1000);
}

function cut(reload) {
  if (reload.connections_cut === null) return '; a worker was killed, and how many connections that cut is not known';
  if (!reload.connections_cut) return '';
  const verb = reload.connections_cut === 1 ? 'was' : 'were';
  return `; ${plural(reload.connections_cut, 'connection')} ${verb} cut`;
}

function facts(reload) {
  const all = [`Generation ${reload.generation}`];
  if (reload.revision) all.push(`revision ${reload.revision}`);
  if (reload.trigger) all.push(`by ${reload.trigger}`);
  if (reload.requested_at) all.push(`at ${clock(new Date(reload.requested_at))}`);
  if (reload.state === 'rolling' && reload.draining > 0) all.push(`${plural(reload.draining, 'older worker')} draining`);
  if (reload.reason) all.push(`“${reload.reason}”`);
  return all.join(' · ');
}

function renderOutput(error) {
  const lines = error?.output ?? [];
  byId('reload-output').hidden = lines.length === 0;
  const place = Number.isInteger(error?.slot) ? ` in slot ${error.slot}` : '';
  setText(byId('reload-output-title'), `Last output of the worker${place}`);
  setText(byId('reload-output-lines'), lines.join('\n'));
}

// announce speaks once a state, not at every count, and not about what was so when the page opened.
function announce(reload) {
  const now = reload ? `${reload.id} ${reload.state}` : '';
  if (now === announced) return;
  announced = now;
  if (baseline && reload) setText(byId('announcement'), `Reload ${describe(reload)}`);
  baseline = true;
}
