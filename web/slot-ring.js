// The ring of slots: one arc a slot in the colour of the worker that serves it, and a thin inner arc while
// an older worker drains. A rotation can be seen going round. A slot that waits for its next worker is red.

import { byId, keepChildren, setAttribute } from './dom.js';
import { bySlot, ringState } from './slots.js';

const SVG = 'http://www.w3.org/2000/svg';
const OUTER_RADIUS = 50;
const INNER_RADIUS = 39;
const MAX_GAP = 0.14; // between two arcs, in radians

export function renderSlotRing(size, workers, generation) {
  const slots = bySlot(workers);
  const arcs = [];
  for (let slot = 0; slot < size; slot += 1) {
    const [current, ...older] = slots.get(slot) ?? [];
    arcs.push({ key: `slot-${slot}`, slot, radius: OUTER_RADIUS, state: ringState(current, generation) });
    if (older.length > 0 || current?.state === 'draining') {
      arcs.push({ key: `older-${slot}`, slot, radius: INNER_RADIUS, state: 'draining' });
    }
  }
  keepChildren(byId('slot-ring'), arcs, {
    key: (arc) => arc.key,
    create: () => document.createElementNS(SVG, 'path'),
    update: (node, arc) => {
      setAttribute(node, 'class', arc.radius === OUTER_RADIUS ? 'arc' : 'arc inner');
      setAttribute(node, 'data-state', arc.state);
      setAttribute(node, 'd', arcPath(arc.slot, size, arc.radius));
    },
  });
}

function arcPath(slot, size, radius) {
  const turn = (2 * Math.PI) / size;
  const gap = Math.min(MAX_GAP, turn * 0.25);
  const from = slot * turn + gap / 2;
  const to = (slot + 1) * turn - gap / 2;
  const point = (angle) => `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
  return `M${point(from)} A${radius} ${radius} 0 ${to - from > Math.PI ? 1 : 0} 1 ${point(to)}`;
}
