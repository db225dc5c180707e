// The status page: what the stream says goes into the store, and the panels show what the store holds.

import { getReload } from './api.js';
import { renderBlockers } from './blockers-panel.js';
import { addEvent, addLostEvents, clearEvents } from './events-panel.js';
import { renderConnected, renderDisconnected, renderMaster, renderTitle } from './header.js';
import { Polling } from './polling.js';
import { renderPool } from './pool-panel.js';
import { renderReceipt } from './receipt-panel.js';
import { prepareReloadControls, renderReloadControls } from './reload-controls.js';
import { renderReload } from './reload-panel.js';
import { titleInWords } from './reload-words.js';
import { prepareRotateButtons } from './rotate-button.js';
import { renderSlotRing } from './slot-ring.js';
import { placeholder } from './slots.js';
import { Store } from './store.js';
import { Stream } from './stream.js';
import { renderWorkers } from './workers-panel.js';

const store = new Store();
const polling = new Polling(store, getReload);

prepareReloadControls((reload) => {
  store.takeReload(reload);
  renderReloadPanels();
});
prepareRotateButtons();
renderReceipt(null); // takes its place, so that nothing jumps when the first statistics come

new Stream({
  stats(stats) {
    store.takeStats(stats);
    render();
    polling.askForEnd().then(renderIfChanged);
    if (!document.hidden) polling.askForBlockers().then(renderIfChanged);
  },
  event(event) {
    addEvent(event);
    store.takeEvent(event);
    renderReloadPanels();
  },
  lost: addLostEvents,
  reset() {
    clearEvents();
    store.forgetReloads();
    polling.forget();
  },
  connected() {
    store.connected = true;
    renderConnected();
    render();
  },
  disconnected(since) {
    store.connected = false;
    renderDisconnected(since, store.stats !== null);
    render();
  },
}).open();

function renderIfChanged(changed) {
  if (changed) renderReloadPanels();
}

function render() {
  if (store.stats) {
    renderMaster(store.stats.status);
    renderPool(store.stats.status);
    renderSlots(store.stats);
  }
  renderReloadPanels();
}

function renderSlots({ status, workers }) {
  const occupants = [...workers, ...(status.waiting ?? []).map(placeholder)];
  renderSlotRing(status.pool.size, occupants, status.generation);
  renderWorkers(occupants, store.masterTime(), {
    generation: status.generation,
    onTrial: status.reload?.on_trial ?? false,
    reachable: store.reachable,
  });
}

function renderReloadPanels() {
  const reload = store.newestReload();
  renderReload(reload, { now: store.masterTime(), anotherQueued: store.hasQueuedReload(reload) });
  renderReloadControls(reload, store.reachable);
  renderReceipt(reload);
  renderBlockers(reload, reload && store.blockersOf(reload));
  renderTitle(titleInWords(store.stats?.status.pool, reload, store.connected));
}
