import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { retryDelay, Stream } from '../stream.js';

const FIRST = { pid: 1, started_at: '2026-01-01T00:00:00Z' };
const SECOND = { pid: 2, started_at: '2026-01-02T00:00:00Z' };

// FakeEventSource is a stream that the test feeds.
class FakeEventSource {
  static CLOSED = 2;
  readyState = 1;
  #listeners = {};

  constructor(url) {
    this.url = url;
    streams.push(this);
  }

  addEventListener(type, listener) {
    this.#listeners[type] = listener;
  }

  close() {
    this.readyState = FakeEventSource.CLOSED;
  }

  send(type, data) {
    this.#listeners[type]?.({ data: JSON.stringify(data) });
  }

  refuse() {
    this.readyState = FakeEventSource.CLOSED;
    this.#listeners.error();
  }

  breakOff() {
    this.readyState = 0;
    this.#listeners.error();
  }

  opened() {
    this.readyState = 1;
    this.#listeners.open();
  }
}

let streams;
let timer; // the one that runs: { callback, delay }, or null
let windowListeners;
let told; // what the reader was told

beforeEach(() => {
  streams = [];
  timer = null;
  windowListeners = {};
  told = [];
  new Stream({
    connected: () => told.push('connected'),
    disconnected: () => told.push('disconnected'),
    stats: () => told.push('stats'),
    event: ({ seq }) => told.push(`event ${seq}`),
    lost: () => told.push('lost'),
    reset: () => told.push('reset'),
  }, {
    EventSource: FakeEventSource,
    setTimeout: (callback, delay) => (timer = { callback, delay }),
    clearTimeout: (id) => { if (id === timer) timer = null; },
    addEventListener: (type, listener) => { windowListeners[type] = listener; },
  }).open();
});

const stream = () => streams.at(-1);
const stats = (master) => stream().send('stats', { status: master });
const expire = () => timer.callback();
const heard = () => told.splice(0).join(', ');

test('the page is connected with the first statistics', () => {
  assert.equal(stream().url, 'events?stats=1s&recent=50');
  stream().send('worker.ready', { seq: 1 });
  assert.equal(heard(), '');
  stats(FIRST);
  assert.equal(heard(), 'event 1, stats, connected');
  stats(FIRST);
  assert.equal(heard(), 'stats');
});

test('silence is a lost connection: a new stream goes on after the last event', () => {
  stats(FIRST);
  stream().send('worker.ready', { seq: 4 });
  heard();
  assert.equal(timer.delay, 5_000);
  expire();
  assert.equal(heard(), 'disconnected');
  assert.equal(streams[0].readyState, FakeEventSource.CLOSED);
  assert.equal(stream().url, 'events?stats=1s&after=4');
});

test('any message breaks the silence', () => {
  const before = timer;
  stream().send('pool.scaled', { seq: 1 });
  assert.notEqual(timer, before);
});

test('a broken connection is left to the browser', () => {
  stats(FIRST);
  heard();
  stream().breakOff();
  assert.equal(heard(), 'disconnected');
  assert.equal(streams.length, 1);
  assert.notEqual(stream().readyState, FakeEventSource.CLOSED);
  stream().opened();
  stream().send('worker.ready', { seq: 1 });
  assert.equal(heard(), '', 'another master may have answered');
  stats(FIRST);
  assert.equal(heard(), 'event 1, stats, connected');
});

test('after a refusal the page tries again, later each time, and without resuming', () => {
  stats(FIRST);
  stream().send('worker.ready', { seq: 4 });
  const delays = [];
  for (let n = 0; n < 3; n += 1) {
    stream().refuse();
    delays.push(timer.delay);
    expire();
    assert.equal(stream().url, 'events?stats=1s&recent=50');
  }
  for (const [n, delay] of delays.entries()) {
    assert.ok(delay >= retryDelay(n, 0) && delay <= retryDelay(n, 1), `${delay} ms`);
  }
  stats(FIRST);
  stream().refuse();
  assert.ok(timer.delay <= retryDelay(0, 1), 'an answer in between makes the next try early again');
});

test('the delay doubles up to a limit', () => {
  assert.equal(retryDelay(0, 0.5), 1_000);
  assert.equal(retryDelay(1, 0.5), 2_000);
  assert.equal(retryDelay(3, 0.5), 8_000);
  assert.equal(retryDelay(50, 0.5), 15_000);
  assert.equal(retryDelay(50, 1), 18_750);
  assert.equal(retryDelay(0, 0), 750);
});

test('when another master has taken over everything starts anew', () => {
  stats(FIRST);
  stream().send('worker.ready', { seq: 9 });
  stream().breakOff();
  heard();
  stream().opened();
  stream().send('master.started', { seq: 10 });
  stats(SECOND);
  assert.equal(heard(), 'reset, stats, connected');
  assert.equal(stream().url, 'events?stats=1s&recent=50');
  stream().send('master.started', { seq: 1 });
  stats(SECOND);
  assert.equal(heard(), 'event 1, stats');
});

test('lost events are reported', () => {
  stream().send('events.lost', { message: 'too old' });
  assert.equal(heard(), 'lost');
});

test('a page in the cache of the back button holds no stream', () => {
  windowListeners.pagehide();
  assert.equal(stream().readyState, FakeEventSource.CLOSED);
  assert.equal(timer, null);
  windowListeners.pageshow({ persisted: false });
  assert.equal(streams.length, 1);
  windowListeners.pageshow({ persisted: true });
  assert.equal(streams.length, 2);
});
