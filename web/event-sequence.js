// Brings the messages of the stream into order. Events that come before the first statistics are held back:
// only the statistics say which master they are from. Each event is delivered once.

export class EventSequence {
  lastSeq = 0; // the number of the latest event delivered
  #master = null; // the one that is known
  #heldBack = []; // events; null once the master is known

  // restart is for a new stream, which asks for all events since lastSeq.
  restart() {
    this.#heldBack = [];
  }

  // resume is for a stream that the browser has connected again: it goes on after the latest event
  // received. Another master may answer it.
  resume() {
    this.#heldBack ??= [];
  }

  // identify returns whether another master has taken over, and the events that can be delivered now.
  identify({ pid, started_at: startedAt }) {
    const master = `${pid} ${startedAt}`;
    const takenOver = this.#master !== null && this.#master !== master;
    this.#master = master;
    const events = this.#heldBack ?? [];
    this.#heldBack = null;
    if (!takenOver) return { takenOver, events: this.#unseen(events) };
    // The numbers of another master start anew, so those events were asked for with the wrong number.
    this.lastSeq = 0;
    return { takenOver, events: [] };
  }

  // take returns the events that can be delivered now.
  take(event) {
    if (!this.#heldBack) return this.#unseen([event]);
    this.#heldBack.push(event);
    return [];
  }

  #unseen(events) {
    return events.filter(({ seq }) => {
      if (seq <= this.lastSeq) return false;
      this.lastSeq = seq;
      return true;
    });
  }
}
