/**
 * A job of a `Limiter`. It is its own entry in the queue, so that it can leave from any place at
 * once: whoever goes away takes its waiting job along.
 */
export abstract class LimitedJob {
  _state: 'out' | 'waiting' | 'running' = 'out';
  _before: LimitedJob | null = null;
  _after: LimitedJob | null = null;

  /** Starts the job, which holds a slot from now until `Limiter.release`. Must not throw. */
  abstract run(): void;
}

/** Lets a number of jobs run at the same time, and the others wait in the order of their arrival. */
export class Limiter {
  readonly concurrency: number;
  /** Number of jobs that hold a slot. */
  running = 0;
  /** Number of jobs that wait for one. */
  waiting = 0;
  private first: LimitedJob | null = null;
  private last: LimitedJob | null = null;

  /** Anything but a positive number means no limit. */
  constructor(concurrency: number) {
    this.concurrency = concurrency > 0 ? concurrency : Infinity;
  }

  /** Runs `job` now if there is a free slot, otherwise in its turn. It must not be in already. */
  add(job: LimitedJob): void {
    if (this.running < this.concurrency) {
      this.start(job);
      return;
    }
    job._state = 'waiting';
    job._before = this.last;
    if (this.last === null) this.first = job;
    else this.last._after = job;
    this.last = job;
    this.waiting++;
  }

  /**
   * Takes `job` out, from its slot or from the queue, and lets the next one run. Does nothing when
   * it is not in.
   */
  release(job: LimitedJob): void {
    const state = job._state;
    if (state === 'out') return;
    job._state = 'out';
    if (state === 'waiting') {
      this.unlink(job);
      return;
    }
    this.running--;
    if (this.first !== null && this.running < this.concurrency) {
      const next = this.first;
      this.unlink(next);
      this.start(next);
    }
  }

  private start(job: LimitedJob): void {
    job._state = 'running';
    this.running++;
    job.run();
  }

  private unlink(job: LimitedJob): void {
    const { _before: before, _after: after } = job;
    if (before === null) this.first = after;
    else before._after = after;
    if (after === null) this.last = before;
    else after._before = before;
    job._before = job._after = null;
    this.waiting--;
  }
}
