// Which workers belong to which slot, and in which order. All functions here are pure.

const ORDER = { ready: 0, starting: 0, waiting: 1, draining: 2 };

// bySlot groups workers by slot, in the order of slots. Within a slot the current worker comes first.
export function bySlot(workers) {
  const sorted = [...workers].sort((a, b) => a.slot - b.slot
    || (ORDER[a.state] ?? 3) - (ORDER[b.state] ?? 3)
    || b.generation - a.generation
    || (a.started_at < b.started_at ? 1 : -1));
  const slots = new Map();
  for (const worker of sorted) slots.set(worker.slot, [...(slots.get(worker.slot) ?? []), worker]);
  return slots;
}

// placeholder stands for the worker that a slot waits for.
export function placeholder({ slot, text, last, next_try_at: nextTryAt }) {
  return { slot, state: 'waiting', state_text: 'waiting', status: text, output: last.exit?.output?.join('\n'), nextTryAt };
}

// canRotate says whether a worker can be replaced alone: it serves its slot, and no reload is about to
// replace it.
export function canRotate(worker, { isOlder, generation, onTrial }) {
  return worker.state === 'ready' && !isOlder && worker.generation === generation && !onTrial;
}

// ringState is the state of a slot on the ring: that of its current worker.
export function ringState(worker, generation) {
  if (!worker || worker.state === 'draining') return 'empty';
  if (worker.state === 'ready' && worker.generation < generation) return 'ready-before';
  return worker.state;
}
