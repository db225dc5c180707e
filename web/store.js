// What the page knows: the latest statistics, the reloads that it heard of, and what the draining workers
// hold. Statistics, events and answers to requests may overtake each other; the store keeps the newest.

import { stateRank } from './reload-state.js';

const KEPT_RELOADS = 20;
const MAX_OVERTAKEN_MS = 5_000; // statistics that seem older than this are not: somebody set the master's clock

export class Store {
  stats = null; // the latest statistics
  connected = false;
  #reloads = new Map(); // by id, a UUIDv7: the order of ids is the order of reloads
  #lastEventAt = 0; // in the master's clock
  #blockers = { reloadId: null, workers: [] };

  takeStats(stats) {
    this.stats = stats;
    // They may have been taken just before an event that arrived first, and would undo what it said.
    const behind = this.#lastEventAt - this.masterTime();
    if (behind < 0 || behind > MAX_OVERTAKEN_MS) this.takeReload(stats.status.reload);
  }

  takeEvent({ reload, time }) {
    if (!reload) return;
    this.#lastEventAt = Date.parse(time);
    this.takeReload(reload);
  }

  // takeReload keeps a copy of a reload, unless a newer one is known.
  takeReload(reload) {
    if (!reload?.id) return;
    if (stateRank(reload) < stateRank(this.#reloads.get(reload.id))) return;
    this.#reloads.set(reload.id, reload);
    for (const id of [...this.#reloads.keys()].sort().slice(0, -KEPT_RELOADS)) this.#reloads.delete(id);
  }

  // takeBlockers keeps what only the answer to a request says: the workers that a reload waits for.
  takeBlockers({ id, waiting_for: workers }) {
    this.#blockers = { reloadId: id, workers: workers ?? [] };
  }

  // forgetReloads is for when another master has taken over.
  forgetReloads() {
    this.#reloads.clear();
    this.#lastEventAt = 0;
  }

  // newestReload is the one that the page shows: the latest that has begun, otherwise the latest in the
  // queue.
  newestReload() {
    const newestFirst = [...this.#reloads.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
    return newestFirst.find((reload) => reload.state !== 'queued') ?? newestFirst[0];
  }

  hasQueuedReload(besides) {
    return [...this.#reloads.values()].some((reload) => reload.state === 'queued' && reload !== besides);
  }

  blockersOf(reload) {
    return this.#blockers.reloadId === reload.id ? this.#blockers.workers : [];
  }

  // reachable says whether it makes sense to ask the master for something.
  get reachable() {
    return this.connected && !this.stats?.status.stopping;
  }

  // masterTime is the time in the master's clock, in milliseconds: the browser's may be wrong.
  masterTime() {
    if (!this.stats) return Date.now();
    const { started_at: startedAt, uptime_seconds: uptime } = this.stats.status;
    return Date.parse(startedAt) + uptime * 1000;
  }
}
