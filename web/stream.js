// The one stream behind the page, kept open. A browser reconnects an EventSource after a broken connection,
// but gives up after an HTTP error and does not notice silence. This module handles both.

import { EventSequence } from './event-sequence.js';

const EVENT_TYPES = [
  'master.started',
  'worker.started', 'worker.ready', 'worker.draining', 'worker.exited',
  'reload.queued', 'reload.started', 'reload.progress', 'reload.live',
  'reload.completed', 'reload.failed', 'reload.aborted',
  'pool.scaled',
];
const MAX_SILENCE_MS = 5_000; // statistics come every second
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;

// retryDelay doubles with every failure in a row. random, from 0 to 1, spreads it by a quarter either way,
// so that not all pages come back at once.
export function retryDelay(failures, random = Math.random()) {
  return Math.min(FIRST_RETRY_MS * 2 ** failures, MAX_RETRY_MS) * (0.75 + random / 2);
}

// Stream tells a reader what it hears: connected(), disconnected(since), stats(data), event(data), lost(data), and
// reset() when another master has taken over. Tests pass a browser of their own.
export class Stream {
  #reader;
  #browser;
  #sequence = new EventSequence();
  #source = null;
  #timer = null; // while the stream is open, for silence; while it is closed, for the next try
  #failures = 0; // in a row
  #connected = false;
  #lastHeard = new Date();

  constructor(reader, browser = globalThis) {
    this.#reader = reader;
    this.#browser = browser;
    // A page that the browser keeps for its back button must not hold a stream.
    browser.addEventListener('pagehide', () => this.#close());
    browser.addEventListener('pageshow', (event) => { if (event.persisted) this.open(); });
  }

  open({ resume = true } = {}) {
    this.#close();
    this.#sequence.restart();
    const from = resume && this.#sequence.lastSeq > 0 ? `after=${this.#sequence.lastSeq}` : 'recent=50';
    this.#source = new this.#browser.EventSource(`events?stats=1s&${from}`);
    this.#source.addEventListener('open', () => this.#sequence.resume());
    this.#source.addEventListener('error', () => this.#onError());
    this.#listen('stats', (stats) => this.#onStats(stats));
    this.#listen('events.lost', (data) => this.#reader.lost(data));
    for (const type of EVENT_TYPES) this.#listen(type, (event) => this.#deliver(this.#sequence.take(event)));
    this.#watchSilence();
  }

  #close() {
    this.#browser.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #listen(type, take) {
    this.#source.addEventListener(type, (message) => {
      this.#lastHeard = new Date();
      this.#failures = 0;
      this.#watchSilence();
      take(JSON.parse(message.data));
    });
  }

  #watchSilence() {
    this.#startTimer(MAX_SILENCE_MS, () => {
      this.#lose();
      this.open();
    });
  }

  #onError() {
    this.#lose();
    if (this.#source.readyState !== this.#browser.EventSource.CLOSED) return; // the browser tries again
    this.#close();
    // The master may have refused the number to resume from, so the next try does without.
    this.#startTimer(retryDelay(this.#failures), () => this.open({ resume: false }));
    this.#failures += 1;
  }

  #startTimer(delay, action) {
    this.#browser.clearTimeout(this.#timer);
    this.#timer = this.#browser.setTimeout(action, delay);
  }

  #lose() {
    this.#connected = false;
    this.#reader.disconnected(this.#lastHeard);
  }

  #onStats(stats) {
    const { takenOver, events } = this.#sequence.identify(stats.status);
    if (takenOver) {
      this.#reader.reset();
      this.open();
    }
    this.#deliver(events);
    this.#reader.stats(stats);
    if (this.#connected) return;
    this.#connected = true;
    this.#reader.connected();
  }

  #deliver(events) {
    for (const event of events) this.#reader.event(event);
  }
}
