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

// follow opens the stream and calls the reader: connected(), disconnected(since), stats(data), event(data),
// lost(data), and reset() when another master has taken over. Tests pass a browser of their own.
export function follow(reader, browser = globalThis) {
  const { EventSource, setTimeout, clearTimeout, addEventListener } = browser;
  const sequence = new EventSequence();
  let source = null;
  let timer = null; // while the stream is open, for silence; while it is closed, for the next try
  let failures = 0; // in a row
  let connected = false;
  let lastHeard = new Date();

  function open({ resume = true } = {}) {
    close();
    sequence.restart();
    const from = resume && sequence.lastSeq > 0 ? `after=${sequence.lastSeq}` : 'recent=50';
    source = new EventSource(`events?stats=1s&${from}`);
    source.addEventListener('open', () => sequence.resume());
    source.addEventListener('error', onError);
    listen('stats', onStats);
    listen('events.lost', (data) => reader.lost(data));
    for (const type of EVENT_TYPES) listen(type, (event) => deliver(sequence.take(event)));
    watchSilence();
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function listen(type, take) {
    source.addEventListener(type, (message) => {
      lastHeard = new Date();
      failures = 0;
      watchSilence();
      take(JSON.parse(message.data));
    });
  }

  function watchSilence() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      disconnected();
      open();
    }, MAX_SILENCE_MS);
  }

  function onError() {
    disconnected();
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again
    close();
    // The master may have refused the number to resume from, so the next try does without.
    timer = setTimeout(() => open({ resume: false }), retryDelay(failures));
    failures += 1;
  }

  function disconnected() {
    connected = false;
    reader.disconnected(lastHeard);
  }

  function onStats(stats) {
    const { takenOver, events } = sequence.identify(stats.status);
    if (takenOver) {
      reader.reset();
      open();
    }
    deliver(events);
    reader.stats(stats);
    if (!connected) {
      connected = true;
      reader.connected();
    }
  }

  function deliver(events) {
    for (const event of events) reader.event(event);
  }

  // A page that the browser keeps for its back button must not hold a stream.
  addEventListener('pagehide', close);
  addEventListener('pageshow', (event) => { if (event.persisted) open(); });
  open();
}
