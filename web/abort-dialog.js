// The confirmation before an abort.

import { byId, setText } from './dom.js';

let target = null; // the reload to abort

// prepareAbortDialog calls onConfirm with the reload and the reason given.
export function prepareAbortDialog(onConfirm) {
  byId('abort-cancel').addEventListener('click', close);
  byId('abort-confirm').addEventListener('click', () => {
    close();
    onConfirm(target, byId('abort-reason').value.trim());
  });
}

export function openAbortDialog(reload) {
  target = reload;
  byId('abort-reason').value = '';
  setText(byId('abort-text'), consequence(reload));
  byId('abort-dialog').showModal(); // the focus starts on the cancel button
}

// updateAbortDialog keeps the text of an open dialog true, and closes it when its reload can no longer be
// aborted. abortable is the reload that can be aborted, or null.
export function updateAbortDialog(abortable) {
  if (!byId('abort-dialog').open) return;
  if (abortable?.id !== target.id) {
    close();
    return;
  }
  target = abortable;
  setText(byId('abort-text'), consequence(abortable));
}

// close gives the focus back to the button that opened the dialog.
function close() {
  byId('abort-dialog').close();
}

function consequence({ state, replaced, generation }) {
  if (state === 'queued') return `The reload to generation ${generation} has not begun, and will not begin.`;
  if (state === 'live') return 'Every slot goes back to the generation before, as soon as a worker of it is ready.';
  return replaced > 0
    ? `The slots that have changed (${replaced} so far) go back to the generation before, as soon as a worker of it is ready.`
    : 'No slot has changed yet, so none has to go back.';
}
