// The status page: what the stream tells goes to the parts that show it.

import { allowButton, prepareButton } from './button.js';
import { prepareControls, renderControls } from './control.js';
import { byId, setText, showText } from './dom.js';
import { addEvent, addLost, forgetEvents } from './events.js';
import { clock } from './format.js';
import { renderDial } from './dial.js';
import { renderMaster, renderPool } from './pool.js';
import { renderReceipt } from './receipt.js';
import { held, renderReload } from './reload.js';
import { forgetReloads, newest, observe, observeEvent, observeSample, settle } from './reloads.js';
import { prepareRotation } from './rotate.js';
import { follow } from './stream.js';
import { renderWaiting, watchDrain } from './waiting.js';
import { renderWorkers, vacancy } from './workers.js';

let latest = null; // statistics
let connected = false;
let lost = false; // the line, since the page was opened or last connected

prepareButton(accepted);
prepareControls(accepted);
prepareRotation();
renderReceipt(null);

follow({
  stats(stats) {
    latest = stats;
    const { status } = stats;
    renderMaster(status);
    renderPool(status);
    observeSample(status.reload, masterTime());
    render();
    if (!status.reload) settle().then(renderIf);
    watchDrain(newest(), status.pool.draining).then(renderIf);
  },
  event(event) {
    addEvent(event);
    observeEvent(event);
    renderReloads();
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
      `Not connected since ${clock(since)}. ${latest ? 'What you see below is from then.' : 'Nothing is known yet.'}`
      + ' The page recovers by itself as soon as the master answers.');
  },
});

function accepted(reload) {
  observe(reload);
  renderReloads();
}

function renderIf(learned) {
  if (learned) renderReloads();
}

// heard reports whether it makes sense to ask the master for something.
const heard = () => connected && !latest?.status.stopping;

// Ages are told in the master's own clock: the browser's may be wrong or elsewhere.
const masterTime = () => (latest ? Date.parse(latest.status.started_at) + latest.status.uptime_seconds * 1000 : Date.now());

function render() {
  if (latest) renderPlaces(latest);
  allowButton(heard());
  renderReloads();
}

function renderPlaces({ status, workers }) {
  const places = [...workers, ...(status.waiting ?? []).map(vacancy)];
  renderDial(status.pool.size, places, status.generation);
  renderWorkers(places, masterTime(), {
    generation: status.generation,
    rotating: status.reload?.on_trial ?? false,
    heard: heard(),
  });
}

function renderReloads() {
  const reload = newest();
  renderReload(reload, masterTime());
  renderControls(reload, heard());
  renderReceipt(reload);
  renderWaiting(reload);
  renderTitle();
}

function renderConnection(words, banner) {
  const state = connected ? 'connected' : 'disconnected';
  byId('connection').dataset.state = state;
  document.body.dataset.connection = state;
  setText(byId('connection'), words);
  showText(byId('banner'), banner);
  render();
}

function renderTitle() {
  const pool = latest?.status.pool;
  const reload = newest();
  let words = pool ? `${pool.ready}/${pool.size} ready` : 'connecting…';
  if (reload?.state === 'rolling' || reload?.state === 'reverting') words += held(reload) === 'no' ? ', reloading' : ', paused';
  if (!connected && pool) words = 'not connected';
  setText(document.querySelector('title'), `${words} · rota`);
}
