// What follows from the state of a reload. All functions here are pure.

const RANK = { queued: 0, rolling: 1, live: 2, reverting: 3, completed: 4, failed: 4, aborted: 4 };

// stateRank orders the states: a reload never goes back to a state of lower rank.
export const stateRank = (reload) => RANK[reload?.state] ?? 0;

export const hasEnded = (reload) => stateRank(reload) === RANK.completed;

export const isUnderWay = (reload) => reload?.state === 'rolling' || reload?.state === 'reverting';

// pauseReason is 'asked' or 'canary' while a rolling reload waits for somebody, otherwise null. The rests
// between batches are part of rolling.
export function pauseReason(reload) {
  const why = reload?.state === 'rolling' ? reload.paused?.why : null;
  return why && why !== 'between' ? why : null;
}

// outcome is the state, with 'unstable' for a completed reload that is no success.
export const outcome = (reload) => (reload.state === 'completed' && reload.error ? 'unstable' : reload.state);

// allowedActions says what the master would accept for the reload.
export function allowedActions(reload) {
  const rolling = reload?.state === 'rolling';
  const paused = pauseReason(reload) === 'asked';
  return {
    pause: rolling && !paused,
    resume: rolling && paused,
    promote: pauseReason(reload) === 'canary',
    abort: rolling || reload?.state === 'queued' || (reload?.state === 'live' && Boolean(reload.on_trial)),
  };
}
