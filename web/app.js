// The status page: what the stream tells goes to the parts that show it.

import { allowButton, prepareButton } from './button.js';
import { byId, setText, showText } from './dom.js';
import { addEvent, addLost, forgetEvents } from './events.js';
import { clock } from './format.js';
import { renderDial } from './dial.js';
import { renderMaster, renderPool } from './pool.js';
import { forgetReloads, observe, renderReload, settle } from './reload.js';
import { follow } from './stream.js';
import { renderWorkers, vacancy } from './workers.js';

let pool = null; // the newest count of slots
let stopping = false;
let connected = false;
let lost = false; // the line, since the page was opened or last connected

prepareButton((reload) => {
  observe(reload);
  renderReload();
});

follow({
  stats({ status, workers }) {
    // Ages are told in the master's own clock: the browser's may be wrong or elsewhere.
    const now = Date.parse(status.started_at) + status.uptime_seconds * 1000;
    const places = [...workers, ...(status.waiting ?? []).map(vacancy)];
    pool = status.pool;
    stopping = status.stopping;
    renderMaster(status);
    renderPool(status);
    renderDial(status.pool.size, places, status.generation);
    renderWorkers(places, now);
    allowButton(connected && !stopping);
    observe(status.reload);
    renderReload();
    if (!status.reload) settle();
    renderTitle();
  },
  event(event) {
    addEvent(event);
    observe(event.reload);
    renderReload();
  },
  lost: addLost,
  reset() {
    forgetEvents();
    forgetReloads();
  },
  connected() {
    connected = true;
    renderConnection('connected', '');
    setText(byId('recovery'), lost ? 'Connected.' : '');
    lost = false;
  },
  disconnected(since) {
    connected = false;
    lost = true;
    setText(byId('recovery'), '');
    renderConnection('not connected: retrying…',
      `Not connected since ${clock(since)}. ${pool ? 'What you see below is from then.' : 'Nothing is known yet.'}`
      + ' The page recovers by itself as soon as the master answers.');
  },
});

function renderConnection(words, banner) {
  const state = connected ? 'connected' : 'disconnected';
  byId('connection').dataset.state = state;
  document.body.dataset.connection = state;
  setText(byId('connection'), words);
  showText(byId('banner'), banner);
  allowButton(connected && !stopping);
  renderTitle();
}

function renderTitle() {
  const state = document.body.dataset.reload;
  let words = pool ? `${pool.ready}/${pool.size} ready` : 'connecting…';
  if (state === 'rolling' || state === 'reverting') words += ', reloading';
  if (!connected && pool) words = 'not connected';
  setText(document.querySelector('title'), `${words} · rota`);
}
