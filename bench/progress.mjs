/** A line on the terminal that says how far a run is and how long it will take. */

const terminal = process.stderr;

/** How often that is said where there is no terminal. */
const LINE_MS = 60_000;

export class Progress {
  #total;
  #done = 0;
  #began = Date.now();
  #said = Date.now();

  /** @param {number} total Seconds that everything is expected to take. */
  constructor(total) {
    this.#total = total;
  }

  /** Shows what is going on. */
  show(what) {
    if (!terminal.isTTY) return this.#say(what);
    const share = Math.min(1, this.#done / this.#total);
    const bar = '█'.repeat(Math.round(share * 20)).padEnd(20, '░');
    terminal.write(`\r\x1b[K${bar} ${Math.round(share * 100)} %  ${this.left()}  ${what}`);
  }

  #say(what) {
    if (Date.now() - this.#said < LINE_MS) return;
    this.#said = Date.now();
    terminal.write(`${this.left()}: ${what}\n`);
  }

  /** Something that was expected to take so many seconds is over. */
  advance(seconds) {
    this.#done += seconds;
  }

  /** Time left, by the pace so far. */
  left() {
    const elapsed = (Date.now() - this.#began) / 1000;
    const pace = this.#done > 0 ? Math.max(0.2, elapsed / this.#done) : 1;
    const seconds = Math.max(0, (this.#total - this.#done) * pace);
    return seconds < 90 ? `${Math.round(seconds)} s left` : `${Math.round(seconds / 60)} min left`;
  }

  clear() {
    if (terminal.isTTY) terminal.write('\r\x1b[K');
  }
}
