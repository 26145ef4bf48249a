import { Duplex } from 'node:stream';

/** One end of an in-memory connection. Has none of what only a `net.Socket` has. */
export class DuplexEnd extends Duplex {
  peer!: DuplexEnd;
  /** Each call that a system would have got: the pieces that were written together. */
  readonly writes: Buffer[][] = [];
  private unread: (() => void) | null = null;

  override _read(): void {
    const deliver = this.unread;
    this.unread = null;
    deliver?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.writes.push([chunk]);
    this.pass(chunk, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    const pieces = chunks.map(({ chunk }) => chunk);
    this.writes.push(pieces);
    this.pass(Buffer.concat(pieces), callback);
  }

  override _final(callback: () => void): void {
    this.peer.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.writableFinished && !this.peer.readableEnded) this.peer.push(null);
    callback(error);
  }

  get written(): Buffer {
    return Buffer.concat(this.writes.flat());
  }

  /** The peer gets a copy, as from a system; when it has enough, the next write waits. */
  private pass(bytes: Buffer, callback: () => void): void {
    const { peer } = this;
    if (bytes.length === 0 || peer.destroyed) callback();
    else if (peer.push(Buffer.from(bytes))) callback();
    else peer.unread = callback;
  }
}

/** Two ends: what is written to one is read from the other. */
export function duplexPair(): [DuplexEnd, DuplexEnd] {
  const [a, b] = [new DuplexEnd(), new DuplexEnd()];
  a.peer = b;
  b.peer = a;
  return [a, b];
}
