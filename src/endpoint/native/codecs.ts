import { EMPTY, view } from '../buffer.js';
import type { CodecCallback, DeflateStatistics } from '../contract.js';
import { ErrorIndex, kStatusCode, protocolError, type ProtocolError } from '../errors.js';
import { DeflateResult, type Binding, type Deflate } from './binding.js';
import { SLAB_SIZE, SMALL_MAX } from './table.js';

/** The longest text that is compressed synchronously, in bytes of UTF-8 at the most. */
const SCRATCH_SIZE = 3 * 32 * 1024;

/** The shortest time between two looks for idle compressors. */
const MIN_WAIT = 100;

/** What the addon says instead of a number. */
export const NONE = 0xffff_ffff;

/**
 * The way to permessage-deflate in Rust: one for an environment, with the memory and the timer that
 * its connections share. They have numbers in the addon.
 */
export class NativeCodecs {
  readonly addon: Deflate;
  private readonly scratch = Buffer.allocUnsafeSlow(SCRATCH_SIZE);
  private slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
  private used = 0;
  private readonly callbacks = new Map<number, CodecCallback>();
  private timer: NodeJS.Timeout | null = null;

  constructor(binding: Binding) {
    this.addon = new binding.Deflate(this.scratch, this.slab, (job, result) => {
      this.done(job, result);
    });
  }

  get statistics(): DeflateStatistics {
    return this.addon.statistics();
  }

  compress(id: number, data: Buffer | string, fin: boolean): Buffer | Error {
    const { addon } = this;
    const offset = this.place();
    if (typeof data !== 'string') return this.result(addon.compress(id, data, fin, offset), offset);
    const length = this.scratch.write(data, 0, 'utf8');
    return this.result(addon.compressScratch(id, length, fin, offset), offset);
  }

  compressApart(id: number, data: Buffer): Buffer | Error {
    const offset = this.place();
    return this.result(this.addon.compressApart(id, data, offset), offset);
  }

  /** Null when it takes long: then the same has to become a job. */
  inflate(id: number, data: Buffer, fin: boolean, limit: number): Buffer | Error | null {
    const offset = this.place();
    const result = this.addon.inflate(id, data, fin, limit, offset);
    return result === DeflateResult.Unfinished ? null : this.result(result, offset);
  }

  startCompress(id: number, data: Buffer, fin: boolean, callback: CodecCallback): number {
    const job = this.addon.startCompress(id, data, fin);
    if (job === NONE) process.nextTick(callback, this.error(DeflateResult.NoMemory));
    else this.callbacks.set(job, callback);
    return job;
  }

  startInflate(
    id: number,
    data: Buffer,
    fin: boolean,
    limit: number,
    callback: CodecCallback
  ): number {
    const job = this.addon.startInflate(id, data, fin, limit);
    // Bytes behind the end of a stream: there is nothing to be done.
    if (job === NONE) process.nextTick(callback, null, EMPTY);
    else this.callbacks.set(job, callback);
    return job;
  }

  /** The callback will not be called. */
  forget(job: number): void {
    this.callbacks.delete(job);
  }

  /** Idle compressors will be looked for. */
  watch(idle: number): void {
    this.timer ??= setTimeout(sweep, Math.max(idle, MIN_WAIT), this).unref();
  }

  /** @internal */
  sweep(): void {
    this.timer = null;
    const wait = this.addon.sweep();
    if (wait >= 0) this.watch(Math.min(wait, 0x7fff_ffff));
  }

  /** Where a short result will be put. A used-up slab belongs to its results. */
  private place(): number {
    if (SLAB_SIZE - this.used < SMALL_MAX) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      this.addon.setSlab(this.slab);
      this.used = 0;
    }
    return this.used;
  }

  private result(length: number, offset: number): Buffer | Error {
    if (length <= 0) return length === 0 ? EMPTY : this.error(length);
    if (length <= SMALL_MAX) {
      this.used = offset + length;
      return view(this.slab, offset, length);
    }
    const own = Buffer.allocUnsafeSlow(length);
    this.addon.takeOutput(own);
    return own;
  }

  private done(job: number, result: number): void {
    const callback = this.callbacks.get(job);
    this.callbacks.delete(job);
    if (result < 0) {
      callback?.(this.error(result), undefined as never);
      return;
    }
    const data = result === 0 ? EMPTY : Buffer.allocUnsafeSlow(result);
    this.addon.takeJob(job, data);
    callback?.(null, data);
  }

  private error(result: number): Error {
    switch (result) {
      case DeflateResult.TooLong:
        return protocolError(ErrorIndex.MessageTooLong);
      case DeflateResult.Corrupt:
        return zlibError(this.addon.reason, 'Z_DATA_ERROR', -3);
      default:
        return zlibError('insufficient memory', 'Z_MEM_ERROR', -4);
    }
  }
}

/** An error as zlib's streams emit it, with the status code that ws gives it (RFC 6455 §7.4.1). */
function zlibError(message: string, code: string, errno: number): Error {
  const error = new Error(message) as ProtocolError & { errno: number };
  error.errno = errno;
  error.code = code;
  error[kStatusCode] = 1007;
  return error;
}

function sweep(codecs: NativeCodecs): void {
  codecs.sweep();
}
