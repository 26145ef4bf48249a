import { constants, createDeflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';
import { view } from '../buffer.js';
import type { CodecCallback, CodecSide } from '../contract.js';
import { ZlibPool } from './zlib-pool.js';
import { ZlibStream } from './zlib-stream.js';

/** Length of the end of a flushed block that is not sent (RFC 7692 §7.2.1). */
const TAIL_LENGTH = 4;

/** Longest message compressed synchronously: beyond, the thread pool relieves this thread. */
export const SYNC_MAX = 2048;

/** What zlib looks ahead: a match is never further away than the window minus this. */
const LOOKAHEAD = 262;

const pool = new ZlibPool(
  (options, windowBits) =>
    new ZlibStream(createDeflateRaw({ ...options, flush: constants.Z_SYNC_FLUSH, windowBits }))
);

/**
 * The compressing side (RFC 7692 §7.2.1). With `takeover` it keeps one zlib stream; without, short
 * messages are compressed on the spot and longer ones in a borrowed stream.
 */
export class Deflater implements CodecSide {
  private stream: ZlibStream | null = null;

  constructor(
    private readonly options: ZlibOptions | undefined,
    private readonly windowBits: number,
    private readonly takeover: boolean
  ) {}

  get engine(): unknown {
    return this.stream?.engine ?? null;
  }

  now(data: Buffer | string, fin: boolean): Buffer | null {
    if (data.length === 0) {
      if (fin) this.endMessage();
      // RFC 7692 §7.2.3.6: an empty stored block. Asked to flush twice in a row, zlib writes none.
      return Buffer.from(fin ? [0] : [0, 0, 0, 0xff, 0xff]);
    }
    if (this.takeover || !fin || this.stream !== null || data.length > SYNC_MAX) return null;

    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const deflated = deflateRawSync(bytes, {
      ...this.options,
      windowBits: this.windowFor(bytes.length),
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: bytes.length + 64,
      maxOutputLength: undefined,
      info: false
    });
    return withoutTail(deflated);
  }

  later(data: Buffer, fin: boolean, callback: CodecCallback): void {
    const stream = (this.stream ??= pool.take(this.options, this.windowBits));

    stream.process(data, null, 0, (error, deflated) => {
      if (error !== null) {
        this.stream = null;
        callback(error, deflated);
        return;
      }
      if (fin) this.endMessage();
      callback(null, fin ? withoutTail(deflated) : deflated);
    });
  }

  close(): void {
    this.stream?.close();
    this.stream = null;
  }

  private endMessage(): void {
    if (this.takeover || this.stream === null) return;
    pool.give(this.options, this.windowBits, this.stream);
    this.stream = null;
  }

  /** The smallest window that finds every match in `length` bytes: it costs less to set up. */
  private windowFor(length: number): number {
    if (this.options?.dictionary !== undefined) return this.windowBits;
    return Math.min(this.windowBits, Math.max(9, 32 - Math.clz32(length + LOOKAHEAD - 1)));
  }
}

function withoutTail(deflated: Buffer): Buffer {
  return view(deflated, 0, deflated.length - TAIL_LENGTH);
}
