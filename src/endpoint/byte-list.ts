import { Buffer } from 'node:buffer';
import { EMPTY, View, copy, view } from './buffer.js';

/** A piece at least this long is kept as it came, if it is most of the memory it would keep alive. */
const KEEP_MIN = 1024;

/**
 * Bytes in the order of their arrival, in memory proportional to their number: small pieces, and
 * pieces of a larger read chunk, are copied into one growing buffer, so that neither a flood of tiny
 * pieces nor a small rest of a large chunk costs more than twice its bytes.
 *
 *     pieces  [ large chunk ][ tail: small pieces, copied … free ][ large chunk ]
 *
 * Invariant: only the last piece can be the tail, and `length` is the sum of all pieces.
 */
export class ByteList {
  length = 0;
  private pieces: Buffer[] = [];
  /** Growing memory behind the last piece, of which `used` bytes are taken; null if there is none. */
  private tail: Buffer | null = null;
  private used = 0;

  /** Adds bytes; the memory of `piece` belongs to the list from now on. */
  push(piece: Buffer): void {
    const { length } = piece;
    this.length += length;
    if (length >= KEEP_MIN && length * 2 >= piece.buffer.byteLength) {
      this.seal();
      this.pieces.push(piece);
    } else {
      this.append(piece);
    }
  }

  /** The pieces one by one; the list must not be changed before they have been used. */
  forEach(use: (piece: Buffer) => void): void {
    for (const piece of this.pieces) use(piece);
    if (this.tail !== null) use(view(this.tail, 0, this.used));
  }

  /** All bytes in one buffer, and the list empty. */
  take(): Buffer {
    this.seal();
    const { pieces, length } = this;
    this.pieces = [];
    this.length = 0;
    if (pieces.length === 0) return EMPTY;
    if (pieces.length === 1) return pieces[0];

    const target = Buffer.allocUnsafe(length);
    let at = 0;
    for (const piece of pieces) {
      target.set(piece, at);
      at += piece.length;
    }
    return target;
  }

  private append(piece: Buffer): void {
    const needed = this.used + piece.length;
    if (this.tail === null) {
      this.tail = Buffer.allocUnsafeSlow(Math.max(16, needed));
    } else if (needed > this.tail.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.tail.length * 2));
      copy(view(this.tail, 0, this.used), grown, 0);
      this.tail = grown;
    }
    copy(piece, this.tail, this.used);
    this.used = needed;
  }

  private seal(): void {
    if (this.tail === null) return;
    this.pieces.push(new View(this.tail.buffer, 0, this.used));
    this.tail = null;
    this.used = 0;
  }
}
