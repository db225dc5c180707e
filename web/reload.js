// The reload panel: the newest reload in words.

import { byId, setText, showText } from './dom.js';
import { clock, elapsed, plural, UNKNOWN } from './format.js';
import { anotherQueued } from './reloads.js';
import { canaryInWords, pauseInWords, strategyInWords, trialInWords } from './strategy.js';

let announced = null; // what a screen reader was last told of
let baseline = false; // whether the reloads of before we came are known

// renderReload shows the reload as it is at now, in the master's clock (milliseconds).
export function renderReload(reload, now) {
  const progress = byId('reload-progress');
  document.body.dataset.reload = reload ? standing(reload) : 'none';
  document.body.dataset.paused = held(reload);
  setText(byId('reload-text'), reload ? describe(reload) : 'No reload since the master started.');
  progress.max = Math.max(1, reload?.total ?? 1);
  progress.value = reload?.replaced ?? 0;
  setText(byId('reload-facts'), reload ? facts(reload) : UNKNOWN);
  setText(byId('reload-strategy'), reload?.strategy ? strategyInWords(reload.strategy, reload.total) : UNKNOWN);
  setText(byId('reload-trial'), reload ? trialInWords(reload, now) : UNKNOWN);
  setText(byId('reload-pause'), reload ? pauseInWords(reload.paused, now) : UNKNOWN);
  setText(byId('reload-canary'), reload?.canary_address ? canaryInWords(reload.canary_address) : UNKNOWN);
  showText(byId('reload-queued'), anotherQueued(reload) ? 'Another reload is queued: it starts when this one is live and has passed its trial.' : '');
  renderOutput(reload?.error);
  announce(reload);
}

// held is why somebody has to do something, or to be patient, until the reload goes on. The rests between batches
// are part of its going on.
export function held(reload) {
  const why = reload?.state === 'rolling' ? reload.paused?.why : null;
  return why && why !== 'between' ? why : 'no';
}

// standing is the state, but for a reload that is completed and no success.
const standing = (reload) => (reload.state === 'completed' && reload.error ? 'unstable' : reload.state);

export function describe(reload) {
  const why = reload.error?.message ?? 'the master gave no reason';
  switch (standing(reload)) {
    case 'queued': return 'queued: starts when the reload before it is live';
    case 'rolling': return rolling(reload);
    case 'live': return live(reload);
    case 'completed': return `completed in ${took(reload)}${verdict(reload.receipt)}`;
    case 'unstable': return `unstable: completed in ${took(reload)}, but ${why}`;
    case 'reverting': return `going back to the generation before: ${why}`;
    case 'failed': return `failed: ${why}`;
    case 'aborted': return `aborted: ${reload.error?.message ?? 'the master was told to stop'}`;
    default: return reload.state;
  }
}

function rolling(reload) {
  const done = `${reload.replaced ?? 0} of ${reload.total ?? '?'}`;
  switch (held(reload)) {
    case 'canary': return `paused after the canary: ${done} replaced`;
    case 'asked': return `paused: ${done} replaced`;
    default: return `replacing slot workers: ${done}`;
  }
}

function live(reload) {
  const words = reload.on_trial ? 'live, on trial' : 'live';
  return reload.draining > 0 ? `${words}; waits for ${olderWorkers(reload)}` : words;
}

function olderWorkers(reload) {
  const workers = plural(reload.draining, 'older worker');
  const open = reload.connections_remaining; // null until they were counted
  return open === null ? workers : `${workers} with ${plural(open, 'open connection')}`;
}

function took(reload) {
  return elapsed((Date.parse(reload.finished_at) - Date.parse(reload.started_at ?? reload.requested_at)) / 1000);
}

function verdict(receipt) {
  if (!receipt) return '';
  if (receipt.lossless === null) return ', unknown whether lossless';
  return receipt.lossless ? ', lossless' : ', but not lossless';
}

function facts(reload) {
  const all = [`Generation ${reload.generation}`];
  if (reload.revision) all.push(`revision ${reload.revision}`);
  if (reload.trigger) all.push(`by ${reload.trigger}`);
  if (reload.callers_total > 1) all.push(plural(reload.callers_total, 'caller'));
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
  const now = reload ? [reload.id, reload.state, held(reload), reload.state === 'live' && reload.on_trial].join(' ') : '';
  if (now === announced) return;
  announced = now;
  if (baseline && reload) setText(byId('announcement'), `Reload ${describe(reload)}`);
  baseline = true;
}
