// The reload panel: the newest reload in words, and how far it is.

import { byId, setText, showText } from './dom.js';
import { text } from './format.js';
import { outcome, pauseReason } from './reload-state.js';
import { addressesInWords, factsInWords, pauseInWords, reloadInWords, strategyInWords, trialInWords } from './reload-words.js';

let announced = null; // what a screen reader was last told
let opened = false; // whether the page has shown its first reload, or that there is none

// renderReload shows the reload as it is at now, in the master's clock.
export function renderReload(reload, { now, anotherQueued }) {
  document.body.dataset.reload = reload ? outcome(reload) : 'none';
  document.body.dataset.paused = pauseReason(reload) ?? 'no';
  renderProgress(reload);
  const words = reload ? inWords(reload, now) : { text: 'No reload since the master started.' };
  for (const part of ['text', 'facts', 'trial', 'pause', 'canary', 'strategy']) {
    setText(byId(`reload-${part}`), text(words[part]));
  }
  showText(byId('reload-queued'), anotherQueued ? 'Another reload is queued: it starts when this one is live and has passed its trial.' : '');
  renderOutput(reload?.error);
  announce(reload);
}

const inWords = (reload, now) => ({
  text: reloadInWords(reload),
  facts: factsInWords(reload),
  trial: trialInWords(reload, now),
  pause: pauseInWords(reload.paused, now),
  canary: reload.canary_address && addressesInWords(reload.canary_address),
  strategy: reload.strategy && strategyInWords(reload.strategy, reload.total),
});

function renderProgress(reload) {
  const progress = byId('reload-progress');
  progress.max = Math.max(1, reload?.total ?? 1);
  progress.value = reload?.replaced ?? 0;
}

function renderOutput(error) {
  const lines = error?.output ?? [];
  byId('reload-output').hidden = lines.length === 0;
  const place = Number.isInteger(error?.slot) ? ` in slot ${error.slot}` : '';
  setText(byId('reload-output-title'), `Last output of the worker${place}`);
  setText(byId('reload-output-lines'), lines.join('\n'));
}

// announce speaks once a state, not at every count, and not about what was true before the page was opened.
function announce(reload) {
  const now = reload ? [reload.id, reload.state, pauseReason(reload), reload.state === 'live' && reload.on_trial].join(' ') : '';
  if (now === announced) return;
  announced = now;
  if (opened && reload) setText(byId('announcement'), `Reload ${reloadInWords(reload)}`);
  opened = true;
}
