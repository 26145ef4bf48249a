import { LimitedJob, type Limiter } from './limiter.js';
import type { ZlibCallback } from './zlib-stream.js';

/** One direction of one connection's permessage-deflate. */
export interface ZlibSide {
  /** The result, where working it out here and now costs less than the way to the thread pool. */
  now(data: Buffer | string, fin: boolean): Buffer | null;
  /** Starts the work on the thread pool; the callback comes later, and not after `close`. */
  later(data: Buffer | string, fin: boolean, callback: ZlibCallback): void;
  /** Frees everything, in any state. */
  close(): void;
}

interface Job {
  data: Buffer | string;
  fin: boolean;
  callback: ZlibCallback;
}

/**
 * The jobs of one side: one after the other, in the order given, and together with those of all
 * other connections under the limit.
 */
export class ZlibJobs<Side extends ZlibSide = ZlibSide> extends LimitedJob {
  /** The first one is being worked on. */
  private jobs: Job[] = [];
  private starting = false;
  private failure: unknown = null;

  constructor(
    readonly side: Side,
    private readonly limiter: Limiter
  ) {
    super();
  }

  /** Never calls back synchronously. Throws, and forgets the job, when zlib refuses the options. */
  add(data: Buffer | string, fin: boolean, callback: ZlibCallback): void {
    const job = { data, fin, callback };
    if (this.jobs.push(job) > 1) return;
    try {
      this.begin(job);
    } catch (error) {
      this.jobs.shift();
      throw error;
    }
  }

  /** Drops all jobs, frees the side, and returns the callbacks that will not be called. */
  close(): ZlibCallback[] {
    const callbacks = this.jobs.map((job) => job.callback);
    this.jobs = [];
    this.limiter.release(this);
    this.side.close();
    return callbacks;
  }

  /** What the limiter calls when the first job has a slot. */
  override run(): void {
    const job = this.jobs[0];
    try {
      this.side.later(job.data, job.fin, (error, data) => this.settle(job, error, data));
    } catch (error) {
      if (this.starting) this.failure = error;
      else process.nextTick(() => this.settle(job, error as Error));
    }
  }

  private begin(job: Job): void {
    const result = this.side.now(job.data, job.fin);
    if (result !== null) {
      process.nextTick(settleNow, this, job, result);
      return;
    }
    this.starting = true;
    this.limiter.add(this);
    this.starting = false;
    if (this.failure !== null) {
      const error = this.failure;
      this.failure = null;
      this.limiter.release(this);
      throw error;
    }
  }

  /** @internal */
  settle(job: Job, error: Error | null, data?: Buffer): void {
    // It may have been dropped while it was on its way.
    if (this.jobs[0] !== job) return;
    this.limiter.release(this);
    this.jobs.shift();
    if (this.jobs.length > 0) this.beginNext(this.jobs[0]);
    job.callback(error, data as Buffer);
  }

  private beginNext(job: Job): void {
    try {
      this.begin(job);
    } catch (error) {
      process.nextTick(() => this.settle(job, error as Error));
    }
  }
}

function settleNow(jobs: ZlibJobs, job: Job, result: Buffer): void {
  jobs.settle(job, null, result);
}
