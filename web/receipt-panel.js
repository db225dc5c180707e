// The receipt panel: what was measured during a reload, and which connections were lost.

import { byId, element, keepChildren, setAttribute, setText } from './dom.js';
import { plural, UNKNOWN } from './format.js';
import { assumedInWords, FIGURES, lostConnectionInWords, verdictColour, verdictInWords } from './receipt-words.js';

export function renderReceipt(reload) {
  const receipt = reload?.receipt;
  setText(byId('receipt-of'), receipt ? `of the reload to generation ${reload.generation}` : '');
  setText(byId('receipt-verdict'), verdictInWords(reload ?? {}));
  setAttribute(byId('receipt-verdict'), 'data-lossless', verdictColour(reload ?? {}));
  setText(byId('receipt-assumed'), assumedInWords(reload?.assumed ?? []));
  renderFigures(receipt);
  renderLostConnections(receipt?.cut_connections ?? []);
}

function renderFigures(receipt) {
  keepChildren(byId('receipt-figures'), FIGURES, {
    key: (figure) => figure.label,
    create: ({ label }) => {
      const cell = element('div');
      cell.append(element('dt', '', label), element('dd'));
      return cell;
    },
    update: (cell, { value, bad }) => {
      setText(cell.lastElementChild, receipt ? value(receipt) : UNKNOWN);
      setAttribute(cell, 'data-bad', Boolean(receipt && bad?.(receipt)));
    },
  });
}

function renderLostConnections(connections) {
  byId('receipt-lost').hidden = connections.length === 0;
  setText(byId('receipt-lost-title'), `${plural(connections.length, 'connection')} cut or dropped`);
  keepChildren(byId('receipt-lost-list'), connections, {
    key: (connection) => connection.id,
    create: () => element('li'),
    update: (item, connection) => setText(item, lostConnectionInWords(connection)),
  });
}
