// The dial: one arc a slot on the outer ring, in the colour of the worker that serves it, and a thin
// inner arc for every slot where an older worker still drains. A rotation can be seen going round. A
// slot that waits for its next worker is red.

import { byId, keepChildren, setAttribute } from './dom.js';
import { bySlot } from './workers.js';

const SVG = 'http://www.w3.org/2000/svg';

export function renderDial(size, workers, generation) {
  const slots = bySlot(workers);
  const arcs = [];
  for (let slot = 0; slot < size; slot += 1) {
    const [current, ...older] = slots.get(slot) ?? [];
    arcs.push({ key: `slot-${slot}`, slot, radius: 50, state: currentState(current, generation) });
    if (older.length > 0 || current?.state === 'draining') {
      arcs.push({ key: `older-${slot}`, slot, radius: 39, state: 'draining' });
    }
  }
  keepChildren(byId('dial'), arcs, {
    key: (arc) => arc.key,
    create: () => document.createElementNS(SVG, 'path'),
    update: (node, arc) => {
      setAttribute(node, 'class', arc.radius === 50 ? 'arc' : 'arc inner');
      setAttribute(node, 'data-state', arc.state);
      setAttribute(node, 'd', arcPath(arc.slot, size, arc.radius));
    },
  });
}

function currentState(worker, generation) {
  if (!worker || worker.state === 'draining') return 'empty';
  if (worker.state === 'ready' && worker.generation < generation) return 'ready-before';
  return worker.state;
}

function arcPath(slot, size, radius) {
  const turn = (2 * Math.PI) / size;
  const gap = Math.min(0.14, turn * 0.25);
  const from = slot * turn + gap / 2;
  const to = (slot + 1) * turn - gap / 2;
  const point = (angle) => `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
  return `M${point(from)} A${radius} ${radius} 0 ${to - from > Math.PI ? 1 : 0} 1 ${point(to)}`;
}
