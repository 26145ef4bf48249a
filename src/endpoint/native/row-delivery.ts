import { EMPTY, View } from '../buffer.js';
import { ByteList } from '../byte-list.js';
import type { BinaryType, IncomingOptions } from '../contract.js';
import { Delivery } from '../delivery.js';
import type { ErrorIndex } from '../errors.js';
import { Opcode } from '../opcode.js';
import { OpenFlag, type Payloads } from './binding.js';
import { Flag, Kind, ROW, type Memory } from './table.js';

/** Rows that could not be delivered when they came. */
interface Left {
  rows: Int32Array;
  slab: Memory;
  chunk: Memory;
}

/** An incoming half whose frames were parsed in Rust, which has left rows of what was in them. */
export abstract class RowDelivery extends Delivery {
  /** Pieces of the current frame or message that came with earlier chunks. */
  private pieces: ByteList | null = null;
  private left: Left[] | null = null;
  /** Whether fragments of the current message have been handed on one by one. */
  private isApart = false;

  protected abstract get payloads(): Payloads;
  protected abstract setByFrame(byFrame: boolean): void;
  protected abstract setMaxPayload(bytes: number): void;

  override get _binaryType(): BinaryType {
    return super._binaryType;
  }

  override set _binaryType(type: BinaryType) {
    const before = super._binaryType;
    super._binaryType = type;
    if (keepsFragments(before) !== keepsFragments(type)) this.setByFrame(keepsFragments(type));
  }

  override get _maxPayload(): number {
    return super._maxPayload;
  }

  override set _maxPayload(bytes: number) {
    super._maxPayload = bytes;
    this.setMaxPayload(Math.max(0, bytes | 0));
  }

  /** What the addon is told of the options. */
  protected flags(options: IncomingOptions): number {
    return (
      (options.isServer ? 0 : OpenFlag.Client) |
      (this.codec() !== undefined ? OpenFlag.Deflate : 0) |
      (this.skipUTF8Validation ? OpenFlag.SkipUTF8Validation : 0) |
      (keepsFragments(this._binaryType) ? OpenFlag.ByFrame : 0)
    );
  }

  /** Delivers rows that were kept; false when there are none. */
  protected override step(): boolean {
    if (this.left === null) return false;
    const { rows, slab, chunk } = this.left.shift()!;
    if (this.left.length === 0) this.left = null;
    this.deliver(rows, 0, rows.length, slab, chunk);
    return true;
  }

  protected override release(): void {
    this.pieces = null;
    const { left } = this;
    this.left = null;
    for (const { rows } of left ?? []) freePayloads(this.payloads, rows, 0, rows.length);
  }

  protected get hasLeft(): boolean {
    return this.left !== null;
  }

  /** Keeps a copy of rows, to be delivered by a later `step`, behind those that are kept. */
  protected keep(table: Int32Array, at: number, end: number, slab: Memory, chunk: Memory): void {
    (this.left ??= []).push({ rows: table.slice(at, end), slab, chunk });
  }

  /** Delivers the rows of the table between two places. */
  protected deliver(
    table: Int32Array,
    from: number,
    end: number,
    slab: Memory,
    chunk: Memory
  ): void {
    let at = from;
    try {
      while (at < end && !this.isWaiting && !this.done) {
        const kind = table[at];
        const offset = table[at + 1];
        const length = table[at + 2];
        const extra = table[at + 3];
        at += ROW;
        if ((kind & 0xff) === Kind.Error) {
          this.fail(offset as ErrorIndex, length === -1 ? undefined : length);
        } else {
          this.event(kind, this.bytes(kind, offset, length, slab, chunk), extra);
        }
      }
    } finally {
      // A listener has thrown, or an event is waited for: the rest is for later, when the table is
      // used for something else.
      if (at < end && this.done) {
        freePayloads(this.payloads, table, at, end);
      } else if (at < end) {
        (this.left ??= []).unshift({ rows: table.slice(at, end), slab, chunk });
      }
    }
  }

  private bytes(kind: number, offset: number, length: number, slab: Memory, chunk: Memory): Buffer {
    if (length === 0) return EMPTY;
    if (kind & Flag.Slab) return new View(slab.buffer, slab.offset + offset, length);
    if (kind & Flag.Owned) {
      const own = Buffer.allocUnsafeSlow(length);
      this.payloads.takeOwned(offset, own);
      return own;
    }
    if (kind & Flag.Lent) return this.payloads.takeLent!(offset);
    return new View(chunk.buffer, chunk.offset + offset, length);
  }

  private event(kind: number, data: Buffer, extra: number): void {
    switch (kind & 0xff) {
      case Kind.Data:
        this.data(kind, data);
        break;
      case Kind.Ping:
        this.ping(data);
        break;
      case Kind.Pong:
        this.pong(data);
        break;
      default:
        this.conclude(extra, data);
    }
  }

  private data(flags: number, data: Buffer): void {
    const messageEnd = (flags & Flag.MessageEnd) !== 0;
    if (!messageEnd && (flags & Flag.FrameEnd) === 0) {
      (this.pieces ??= new ByteList()).push(data);
      return;
    }
    const text = (flags & Flag.Text) !== 0;
    const compressed = (flags & Flag.Compressed) !== 0;
    if (this.pieces !== null) {
      this.pieces.push(data);
      data = this.pieces.take();
      this.pieces = null;
    }
    if (compressed || this.isApart || keepsFragments(this._binaryType)) {
      this.isApart = !messageEnd;
      this.fragment(data, text ? Opcode.Text : Opcode.Binary, compressed, messageEnd);
    } else if (!messageEnd) {
      // `binaryType` has been changed in the middle of a message.
      (this.pieces = new ByteList()).push(data);
    } else if (text) {
      this.text(data);
    } else {
      this.message(data, Opcode.Binary);
    }
  }
}

/** Frees the payloads of rows that will not be delivered. */
export function freePayloads(
  payloads: Payloads,
  table: Int32Array,
  from: number,
  end: number
): void {
  for (let at = from; at < end; at += ROW) {
    if (table[at] & Flag.Owned) payloads.takeOwned(table[at + 1], EMPTY);
    else if (table[at] & Flag.Lent) payloads.takeLent!(table[at + 1]);
  }
}

/** Whether the fragments of a binary message have to stay apart. */
function keepsFragments(type: BinaryType): boolean {
  return type === 'fragments' || type === 'blob';
}
