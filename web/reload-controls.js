// The buttons of the reload panel. Reload is always there: while one reload runs, the next one can be
// queued. The others are shown only while the master would accept them. Pause and resume are one button, so
// that pressing it twice works without moving.

import { openAbortDialog, prepareAbortDialog, updateAbortDialog } from './abort-dialog.js';
import { runAction, setAvailable } from './action-button.js';
import { controlReload, startReload } from './api.js';
import { byId, setAttribute, setText } from './dom.js';
import { setShown } from './focus.js';
import { allowedActions } from './reload-state.js';

let current = null; // the reload that the buttons act on

// prepareReloadControls calls onAnswer with the reload that the master answers.
export function prepareReloadControls(onAnswer) {
  const run = (id, request) => runAction(byId(id), byId('reload-error'), async () => onAnswer(await request()));
  const onClick = (id, act) => byId(id).addEventListener('click', () => act(id));

  onClick('reload-button', (id) => run(id, startReload));
  onClick('pause-button', (id) => run(id, () => controlReload(current.id, byId(id).dataset.verb)));
  onClick('promote-button', (id) => run(id, () => controlReload(current.id, 'promote')));
  onClick('abort-button', () => openAbortDialog(current));
  prepareAbortDialog((reload, reason) => run('abort-button', () => controlReload(reload.id, 'abort', reason ? { reason } : undefined)));
}

export function renderReloadControls(reload, reachable) {
  current = reload;
  const can = allowedActions(reload);
  const pause = byId('pause-button');
  setAttribute(pause, 'data-verb', can.resume ? 'resume' : 'pause');
  setText(pause, can.resume ? 'Resume' : 'Pause');
  const shown = { pause: can.pause || can.resume, abort: can.abort, promote: can.promote };
  for (const [name, isShown] of Object.entries(shown)) setShown(byId(`${name}-button`), isShown, byId('reload-title'));
  for (const name of ['reload', ...Object.keys(shown)]) setAvailable(byId(`${name}-button`), reachable);
  byId('reload-hint').hidden = can.abort; // abort is shown whenever any other button is
  updateAbortDialog(can.abort && reachable ? reload : null);
}
