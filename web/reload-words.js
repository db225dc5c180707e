// A reload in words: how it stands, how it proceeds, and what it waits for. All functions here are pure;
// now is the time in the master's clock, in milliseconds.

import { age, clock, elapsed, plural } from './format.js';
import { isUnderWay, outcome, pauseReason } from './reload-state.js';

const NONE = '0s'; // a duration as the master writes it

// titleInWords is the title of the window.
export function titleInWords(pool, reload, connected) {
  if (!pool) return 'connecting…';
  if (!connected) return 'not connected';
  const ready = `${pool.ready}/${pool.size} ready`;
  if (!isUnderWay(reload)) return ready;
  return pauseReason(reload) ? `${ready}, paused` : `${ready}, reloading`;
}

export function reloadInWords(reload) {
  const why = reload.error?.message ?? 'the master gave no reason';
  switch (outcome(reload)) {
    case 'queued': return 'queued: starts when the reload before it is live';
    case 'rolling': return rollingInWords(reload);
    case 'live': return liveInWords(reload);
    case 'completed': return `completed in ${duration(reload)}${verdict(reload.receipt)}`;
    case 'unstable': return `unstable: completed in ${duration(reload)}, but ${why}`;
    case 'reverting': return `going back to the generation before: ${why}`;
    case 'failed': return `failed: ${why}`;
    case 'aborted': return `aborted: ${reload.error?.message ?? 'the master was told to stop'}`;
    default: return reload.state;
  }
}

function rollingInWords(reload) {
  const done = `${reload.replaced ?? 0} of ${reload.total ?? '?'}`;
  switch (pauseReason(reload)) {
    case 'canary': return `paused after the canary: ${done} replaced`;
    case 'asked': return `paused: ${done} replaced`;
    default: return `replacing slot workers: ${done}`;
  }
}

function liveInWords(reload) {
  const words = reload.on_trial ? 'live, on trial' : 'live';
  return reload.draining > 0 ? `${words}; waits for ${olderWorkers(reload)}` : words;
}

function olderWorkers(reload) {
  const workers = plural(reload.draining, 'older worker');
  const open = reload.connections_remaining; // null until they were counted
  return open === null ? workers : `${workers} with ${plural(open, 'open connection')}`;
}

function duration(reload) {
  return elapsed((Date.parse(reload.finished_at) - Date.parse(reload.started_at ?? reload.requested_at)) / 1000);
}

function verdict(receipt) {
  if (!receipt) return '';
  if (receipt.lossless === null) return ', unknown whether lossless';
  return receipt.lossless ? ', lossless' : ', but not lossless';
}

// factsInWords says which reload it is and who asked for it.
export function factsInWords(reload) {
  const facts = [`Generation ${reload.generation}`];
  if (reload.revision) facts.push(`revision ${reload.revision}`);
  if (reload.trigger) facts.push(`by ${reload.trigger}`);
  if (reload.callers_total > 1) facts.push(plural(reload.callers_total, 'caller'));
  if (reload.requested_at) facts.push(`at ${clock(new Date(reload.requested_at))}`);
  if (reload.state === 'rolling' && reload.draining > 0) facts.push(`${plural(reload.draining, 'older worker')} draining`);
  if (reload.reason) facts.push(`“${reload.reason}”`);
  return facts.join(' · ');
}

export function strategyInWords(strategy, total) {
  const parts = [paceInWords(strategy, total)];
  if (strategy.canary > 0) {
    const until = strategy.canary_soak === NONE ? 'until promoted' : `for ${strategy.canary_soak} or until promoted`;
    parts.push(`a canary of ${strategy.canary} first, ${until}`);
  }
  if (strategy.pause_between !== NONE) parts.push(`${strategy.pause_between} between batches`);
  parts.push(strategy.soak === NONE ? 'no soak' : `a soak of ${strategy.soak}`);
  return parts.join(' · ');
}

function paceInWords({ surge, surge_workers: workers }, total) {
  const percent = surge.endsWith('%') ? ` (${surge})` : '';
  if (workers >= total && total > 1) return `all slots at once${percent}`;
  return `${plural(workers, 'slot')} at a time${percent}`;
}

export function trialInWords(reload, now) {
  switch (reload.state) {
    case 'queued': return 'not begun';
    case 'rolling': return reload.strategy?.soak && reload.strategy.soak !== NONE
      ? `on trial, until it has been live for ${reload.strategy.soak}` : 'on trial, until it is live';
    case 'live': return reload.on_trial ? liveTrialInWords(reload.trial_ends_at, now) : 'passed';
    case 'completed': return 'passed';
    default: return reload.error?.revert_failed ? 'over; going back failed too' : 'over';
  }
}

function liveTrialInWords(endsAt, now) {
  const left = secondsUntil(endsAt, now);
  return left > 0 ? `on trial, ${age(left)} left` : 'on trial, until its checks have passed';
}

export function pauseInWords(paused, now) {
  if (!paused) return 'none';
  const left = secondsUntil(paused.until, now);
  const since = clock(new Date(paused.since));
  switch (paused.why) {
    case 'canary': return left === null
      ? `after the canary since ${since}, until it is promoted` : `after the canary, ${age(left)} left, or until it is promoted`;
    case 'asked': return `asked for at ${since}, until it is resumed`;
    case 'between': return `between batches, ${age(left ?? 0)} left`;
    default: return paused.why;
  }
}

// addressesInWords says where only the canary answers: one address for each listener.
export function addressesInWords(addresses) {
  const named = addresses.map(({ listener, address }) => (addresses.length > 1 ? `${address} (${listener})` : address));
  return `answers alone at ${named.join(', ')}`;
}

// secondsUntil rounds up, and is null if there is no such time.
const secondsUntil = (time, now) => (time ? Math.max(0, Math.ceil((Date.parse(time) - now) / 1000)) : null);
