import * as zlib from 'node:zlib';
import { EMPTY } from '../buffer.js';
import type { CodecCallback } from '../contract.js';
import { ErrorIndex, protocolError } from '../errors.js';

/**
 * A raw DEFLATE stream of Node's zlib (RFC 1951) that is given one piece of work at a time and keeps
 * its context between them. The work is done on the thread pool.
 */
export class ZlibStream {
  private chunks: Buffer[] = [];
  private length = 0;
  private limit = 0;
  private unread = 0;
  private callback: CodecCallback | null = null;
  private closed = false;

  /** `engine` must flush on every write. */
  constructor(readonly engine: zlib.DeflateRaw | zlib.InflateRaw) {
    engine.on('data', (chunk: Buffer) => this.onData(chunk));
    engine.on('error', (error: Error) => this.finish(error));
  }

  /**
   * Writes `data`, then `tail`, and calls back with everything that came out, or with the error
   * after which the stream is closed: of zlib, or that more than `limit` bytes came out (0 means no
   * limit). Nothing is called back synchronously, nor after `close`.
   */
  process(data: Buffer, tail: Buffer | null, limit: number, callback: CodecCallback): void {
    const { engine } = this;
    this.callback = callback;
    this.limit = limit;
    this.unread = engine.bytesWritten + data.length;
    if (tail !== null) {
      this.unread += tail.length;
      engine.write(data);
      data = tail;
    }
    engine.write(data, this.onWritten);
  }

  /** Whether it has met the end of a compressed stream (BFINAL, RFC 1951 §3.2.3) and left bytes over. */
  get ended(): boolean {
    return this.engine.bytesWritten < this.unread;
  }

  /** Whether it cannot be used any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** Forgets the context. */
  reset(): void {
    this.engine.reset();
  }

  /** Frees the stream, in any state; the callback of a running `process` is dropped. */
  close(): void {
    this.closed = true;
    this.callback = null;
    this.chunks = [];
    this.engine.close();
  }

  private onData(chunk: Buffer): void {
    if (this.callback === null) return;
    this.length += chunk.length;
    if (this.limit > 0 && this.length > this.limit) {
      this.finish(protocolError(ErrorIndex.MessageTooLong));
    } else {
      this.chunks.push(chunk);
    }
  }

  private readonly onWritten = (error?: Error | null): void => {
    // That the stream is gone is said here first, and the reason in an event of this same tick.
    if (error) process.nextTick(() => this.finish(error));
    else this.finish(null);
  };

  private finish(error: Error | null): void {
    const { callback, chunks, length } = this;
    if (callback === null) return;
    this.callback = null;
    this.chunks = [];
    this.length = 0;
    if (error === null) {
      callback(null, chunks.length === 1 ? chunks[0] : joined(chunks, length));
    } else {
      this.close();
      callback(error, undefined as never);
    }
  }
}

function joined(chunks: Buffer[], length: number): Buffer {
  return chunks.length === 0 ? EMPTY : Buffer.concat(chunks, length);
}
