import { constants, createInflateRaw, inflateRawSync, type ZlibOptions } from 'node:zlib';
import type { CodecCallback, CodecSide } from '../contract.js';
import { kStatusCode, type ProtocolError } from '../errors.js';
import { ZlibPool } from './zlib-pool.js';
import { ZlibStream } from './zlib-stream.js';

/** What the sender left out at the end of a message (RFC 7692 §7.2.2). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** Longest compressed message that is tried synchronously, and the most it may become. */
export const SYNC_MAX = 1024;
export const SYNC_OUTPUT_MAX = 16 * 1024;

/** Up to this length it is cheaper to append the tail by a copy than by a second write. */
const JOIN_MAX = 64 * 1024;

const pool = new ZlibPool(
  (options, windowBits) =>
    new ZlibStream(createInflateRaw({ ...options, flush: constants.Z_SYNC_FLUSH, windowBits }))
);

/**
 * The decompressing side (RFC 7692 §7.2.2). With `takeover` it keeps one zlib stream; without, short
 * messages are decompressed on the spot and longer ones in a borrowed stream.
 */
export class Inflater implements CodecSide {
  private stream: ZlibStream | null = null;

  /** `maxPayload` is asked before each job; 0 means no limit. */
  constructor(
    private readonly options: ZlibOptions | undefined,
    private readonly windowBits: number,
    private readonly takeover: boolean,
    private readonly maxPayload: () => number
  ) {}

  get engine(): unknown {
    return this.stream?.engine ?? null;
  }

  now(data: Buffer, fin: boolean): Buffer | null {
    if (this.takeover || !fin || this.stream !== null || data.length > SYNC_MAX) return null;

    const limit = this.maxPayload();
    try {
      return inflateRawSync(withTail(data), {
        ...this.options,
        windowBits: this.windowBits,
        finishFlush: constants.Z_SYNC_FLUSH,
        chunkSize: Math.min(Math.max(1024, data.length * 4), 16 * 1024),
        maxOutputLength: limit > 0 ? Math.min(limit, SYNC_OUTPUT_MAX) : SYNC_OUTPUT_MAX,
        info: false
      });
    } catch {
      // Too long or corrupt: the stream will tell which, with the right error.
      return null;
    }
  }

  later(data: Buffer, fin: boolean, callback: CodecCallback): void {
    const stream = (this.stream ??= pool.take(this.options, this.windowBits));
    const join = fin && data.length <= JOIN_MAX;

    stream.process(
      join ? withTail(data) : data,
      fin && !join ? TAIL : null,
      this.maxPayload(),
      (error, inflated) => {
        if (error !== null) {
          this.stream = null;
          (error as ProtocolError)[kStatusCode] ??= 1007;
        } else if (stream.ended) {
          // RFC 7692 §7.2.3.4: a block with BFINAL set; what comes next begins afresh.
          this.stream = null;
          stream.close();
        } else if (fin && !this.takeover) {
          this.stream = null;
          pool.give(this.options, this.windowBits, stream);
        }
        callback(error, inflated);
      }
    );
  }

  close(): void {
    this.stream?.close();
    this.stream = null;
  }
}

function withTail(data: Buffer): Buffer {
  const joined = Buffer.allocUnsafe(data.length + TAIL.length);
  joined.set(data);
  joined.set(TAIL, data.length);
  return joined;
}
