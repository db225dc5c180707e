// What no event says has to be asked for: the end of a reload whose events were lost, and the connections
// of the workers that drain.

import { hasEnded } from './reload-state.js';

const INTERVAL_MS = 2_000;

export class Polling {
  #store;
  #getReload;
  #now;
  #askedForEnd = new Set(); // ids of reloads
  #inFlight = false;
  #lastAnswerAt = -Infinity;
  #wasDraining = false;

  constructor(store, getReload, now = () => performance.now()) {
    this.#store = store;
    this.#getReload = getReload;
    this.#now = now;
  }

  forget() {
    this.#askedForEnd.clear();
  }

  // askForEnd asks once how a reload ended that the master no longer counts as under way. It resolves to
  // whether the store has changed.
  async askForEnd() {
    const reload = this.#store.newestReload();
    if (this.#store.stats.status.reload || !reload || hasEnded(reload) || this.#askedForEnd.has(reload.id)) return false;
    this.#askedForEnd.add(reload.id);
    try {
      this.#store.takeReload(await this.#getReload(reload.id));
      return true;
    } catch {
      this.#askedForEnd.delete(reload.id); // the next statistics try again
      return false;
    }
  }

  // askForBlockers asks what the draining workers hold, every two seconds. It resolves to whether the store
  // has changed.
  async askForBlockers() {
    const reload = this.#store.newestReload();
    if (!reload || this.#inFlight || this.#now() - this.#lastAnswerAt < INTERVAL_MS) return false;
    const draining = changesWithoutEvents(reload, this.#store.stats.status.pool.draining);
    if (!draining && !this.#wasDraining) return false;
    this.#wasDraining = draining; // when the drain is over, ask once more for the final numbers
    this.#inFlight = true;
    try {
      const answer = await this.#getReload(reload.id);
      if (!answer) return false;
      this.#store.takeReload(answer);
      this.#store.takeBlockers(answer);
      return true;
    } catch {
      return false; // the header says that the connection is lost
    } finally {
      this.#inFlight = false;
      this.#lastAnswerAt = this.#now();
    }
  }
}

// The receipt of a reload that failed or was aborted grows until the workers that it started are gone.
function changesWithoutEvents(reload, drainingWorkers) {
  if (!hasEnded(reload)) return reload.draining > 0;
  return reload.state !== 'completed' && drainingWorkers > 0;
}
