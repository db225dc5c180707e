// The question before an abort. It goes away by itself when there is nothing left to abort.

import { byId, setText } from './dom.js';

let about = null; // the reload that the question is about

// prepareAbort calls confirmed with the reload and the reason that was given.
export function prepareAbort(confirmed) {
  byId('abort-cancel').addEventListener('click', () => closeAbort());
  byId('abort-confirm').addEventListener('click', () => {
    const reload = about;
    closeAbort();
    confirmed(reload, byId('abort-reason').value.trim());
  });
}

export function openAbort(reload) {
  about = reload;
  byId('abort-reason').value = '';
  setText(byId('abort-text'), consequence(reload));
  byId('abort-dialog').showModal(); // which begins at the button that does no harm
}

// renderAbort keeps an open question true: it follows its reload, and goes when that can't be aborted any more.
// abortable is the reload that can be, or null.
export function renderAbort(abortable) {
  if (!byId('abort-dialog').open) return;
  if (abortable?.id !== about.id) {
    closeAbort();
    return;
  }
  about = abortable;
  setText(byId('abort-text'), consequence(abortable));
}

// closeAbort gives the focus back to the button that asked.
function closeAbort() {
  byId('abort-dialog').close();
}

function consequence({ state, replaced, generation }) {
  if (state === 'queued') return `The reload to generation ${generation} has not begun, and would not.`;
  if (state === 'live') return 'Every slot goes back to the generation before, as soon as a worker of that is ready.';
  return replaced > 0
    ? `The slots that have changed (${replaced} so far) go back to the generation before, as soon as a worker of that is ready.`
    : 'No slot has changed yet, so none has to go back.';
}
