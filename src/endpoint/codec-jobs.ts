import type { CodecCallback, CodecSide } from './contract.js';
import { LimitedJob, type Limiter } from './limiter.js';

interface Job {
  data: Buffer;
  fin: boolean;
  callback: CodecCallback;
}

/**
 * The jobs of one side: one after the other, in the order given, and together with those of all
 * other connections under the limit.
 */
export class CodecJobs extends LimitedJob {
  /** The first one is being worked on. */
  private jobs: Job[] = [];
  private starting = false;
  private failure: unknown = null;

  constructor(
    readonly side: CodecSide,
    private readonly limiter: Limiter
  ) {
    super();
  }

  /** As a job, at once; null when that is not possible now. Throws when zlib refuses the options. */
  now(data: Buffer | string, fin: boolean): Buffer | Error | null {
    return this.jobs.length === 0 ? this.side.now(data, fin) : null;
  }

  /** Never calls back synchronously. Throws, and forgets the job, when zlib refuses the options. */
  add(data: Buffer, fin: boolean, callback: CodecCallback): void {
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
  close(): CodecCallback[] {
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

function settleNow(jobs: CodecJobs, job: Job, result: Buffer | Error): void {
  if (result instanceof Error) jobs.settle(job, result);
  else jobs.settle(job, null, result);
}
