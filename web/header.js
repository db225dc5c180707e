// The header: which master this is, whether the page is connected to it, and the title of the window.

import { byId, setText, showText } from './dom.js';
import { age, clock, text } from './format.js';

let wasLost = false; // the connection, since the page was opened or last connected

export function renderMaster(status) {
  setText(byId('version'), status.version ?? '');
  setText(byId('generation'), text(status.generation));
  setText(byId('master-pid'), text(status.pid));
  setText(byId('uptime'), age(status.uptime_seconds));
}

export function renderConnected() {
  showConnection('connected', 'connected', '');
  setText(byId('recovery'), wasLost ? 'Connected.' : '');
  wasLost = false;
}

// renderDisconnected says since when nothing was heard. stale says that the page still shows what was true
// then.
export function renderDisconnected(since, stale) {
  wasLost = true;
  setText(byId('recovery'), '');
  showConnection('disconnected', 'not connected: retrying…',
    `Not connected since ${clock(since)}. ${stale ? 'What you see below is from then.' : 'Nothing is known yet.'}`
    + ' The page recovers by itself as soon as the master answers.');
}

function showConnection(state, words, banner) {
  byId('connection').dataset.state = state;
  document.body.dataset.connection = state;
  setText(byId('connection'), words);
  showText(byId('banner'), banner);
}

export function renderTitle(words) {
  setText(document.querySelector('title'), `${words} · rota`);
}
