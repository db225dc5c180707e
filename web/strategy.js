// How a reload goes about it, how long it is on trial and what it waits for, in words. Everything here is pure;
// now is the master's time in milliseconds.

import { age, clock, plural } from './format.js';

const NONE = '0s'; // a duration as the master writes it

export function strategyInWords(strategy, total) {
  const all = [pace(strategy, total)];
  if (strategy.canary > 0) {
    const until = strategy.canary_soak === NONE ? 'until promoted' : `for ${strategy.canary_soak} or until promoted`;
    all.push(`a canary of ${strategy.canary} first, ${until}`);
  }
  if (strategy.pause_between !== NONE) all.push(`${strategy.pause_between} between batches`);
  all.push(strategy.soak === NONE ? 'no soak' : `a soak of ${strategy.soak}`);
  return all.join(' · ');
}

function pace({ surge, surge_workers: workers }, total) {
  const percent = surge.endsWith('%') ? ` (${surge})` : '';
  if (workers >= total && total > 1) return `all slots at once${percent}`;
  return `${plural(workers, 'slot')} at a time${percent}`;
}

export function trialInWords(reload, now) {
  switch (reload.state) {
    case 'queued': return 'not begun';
    case 'rolling': return reload.strategy?.soak && reload.strategy.soak !== NONE
      ? `on trial, until it has been live for ${reload.strategy.soak}` : 'on trial, until it is live';
    case 'live': return reload.on_trial ? trialOfLive(reload.trial_ends_at, now) : 'passed';
    case 'completed': return 'passed';
    default: return reload.error?.revert_failed ? 'over; going back failed too' : 'over';
  }
}

function trialOfLive(ends, now) {
  const left = secondsTo(ends, now);
  return left > 0 ? `on trial, ${age(left)} left` : 'on trial, until its checks have passed';
}

export function pauseInWords(paused, now) {
  if (!paused) return 'none';
  const left = secondsTo(paused.until, now);
  const since = clock(new Date(paused.since));
  switch (paused.why) {
    case 'canary': return left === null
      ? `after the canary since ${since}, until it is promoted` : `after the canary, ${age(left)} left, or until it is promoted`;
    case 'asked': return `asked for at ${since}, until it is resumed`;
    case 'between': return `between batches, ${age(left ?? 0)} left`;
    default: return paused.why;
  }
}

// canaryInWords says where the canary and nobody else answers: an address for each listener.
export function canaryInWords(addresses) {
  const named = addresses.map(({ listener, address }) => (addresses.length > 1 ? `${address} (${listener})` : address));
  return `answers alone at ${named.join(', ')}`;
}

// secondsTo is null where there is no such time; what is left of a second counts.
const secondsTo = (time, now) => (time ? Math.max(0, Math.ceil((Date.parse(time) - now) / 1000)) : null);
