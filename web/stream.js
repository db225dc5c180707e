// The one stream behind the page, kept open. A browser reconnects an EventSource by itself after a
// broken connection, but gives up for good on an HTTP error and never notices silence: both are
// mended here. Also here: which master is speaking, and which events were seen already.

const EVENT_TYPES = [
  'master.started',
  'worker.started', 'worker.ready', 'worker.draining', 'worker.exited',
  'reload.queued', 'reload.started', 'reload.progress', 'reload.live',
  'reload.completed', 'reload.failed', 'reload.aborted',
  'pool.scaled',
];
const SILENCE_MS = 5_000; // statistics come every second: without any the line is dead, or the master hangs
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;

// follow opens the stream and calls the reader: connected(), disconnected(since), stats(data),
// event(data), lost(data), and reset() when another master has taken over.
export function follow(reader) {
  let source = null;
  let timer = null; // of the next look: for silence while open, for the next try while closed
  let refusals = 0; // in a row
  let connected = false;
  let lastHeard = new Date();
  let lastSeq = 0;
  let master = null;
  let early = null; // events that came before the statistics that say whose they are; else null

  function open({ resume = true } = {}) {
    close();
    early = [];
    const from = resume && lastSeq > 0 ? `after=${lastSeq}` : 'recent=50';
    source = new EventSource(`events?stats=1s&${from}`);
    source.addEventListener('open', () => { early ??= []; });
    source.addEventListener('error', broken);
    source.addEventListener('stats', (message) => heard(message, takeStats));
    source.addEventListener('events.lost', (message) => heard(message, (data) => reader.lost(data)));
    for (const type of EVENT_TYPES) {
      source.addEventListener(type, (message) => heard(message, takeEvent));
    }
    expectSound();
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function heard(message, take) {
    lastHeard = new Date();
    refusals = 0;
    expectSound();
    take(JSON.parse(message.data));
  }

  function expectSound() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      lose();
      open();
    }, SILENCE_MS);
  }

  function broken() {
    lose();
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    close();
    const delay = Math.min(FIRST_RETRY_MS * 2 ** refusals, LAST_RETRY_MS);
    refusals += 1;
    // Whatever was refused, a place to resume from must not be what keeps us out.
    timer = setTimeout(() => open({ resume: false }), delay * (0.75 + Math.random() / 2));
  }

  function lose() {
    connected = false;
    reader.disconnected(lastHeard);
  }

  function takeStats(stats) {
    const speaking = `${stats.status.pid} ${stats.status.started_at}`;
    const another = master !== null && master !== speaking;
    master = speaking;
    if (another) {
      // Its numbers start anew, and we asked for those after the old one's: ask for all of them.
      lastSeq = 0;
      early = null;
      reader.reset();
      open();
    }
    for (const event of early?.splice(0) ?? []) takeNew(event);
    if (!another) early = null;
    reader.stats(stats);
    if (!connected) {
      connected = true;
      reader.connected();
    }
  }

  function takeEvent(event) {
    if (early) early.push(event);
    else takeNew(event);
  }

  function takeNew(event) {
    if (event.seq <= lastSeq) return;
    lastSeq = event.seq;
    reader.event(event);
  }

  // A page that the browser keeps for the back button must not hold a stream.
  addEventListener('pagehide', close);
  addEventListener('pageshow', (event) => { if (event.persisted) open(); });
  open();
}
