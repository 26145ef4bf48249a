import { ByteList } from '../byte-list.js';
import { EMPTY, View, view } from '../buffer.js';
import type { BinaryType, IncomingHandler, IncomingOptions } from '../contract.js';
import { Delivery } from '../delivery.js';
import type { ErrorIndex } from '../errors.js';
import { Opcode } from '../opcode.js';
import { OpenFlag, type Binding, type Endpoints } from './binding.js';
import { Flag, Kind, ROW, ROWS, SLAB_SIZE, SMALL_MAX } from './table.js';

/** Rows that a listener has kept from being delivered by throwing. */
interface Left {
  rows: Int32Array;
  slab: Buffer;
  chunk: Buffer;
}

/**
 * Makes incoming halves whose frames are parsed in Rust: one call a read chunk, which leaves a table
 * of what was in it.
 */
export class NativeParsers {
  readonly endpoints: Endpoints;
  readonly table = new Int32Array(ROW * ROWS);
  slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
  /** Whether the table's rows are being delivered. */
  delivering = false;

  constructor(binding: Binding) {
    this.endpoints = new binding.Endpoints(this.table, this.slab);
  }

  create(options: IncomingOptions, handler: IncomingHandler): NativeParser {
    return new NativeParser(this, options, handler);
  }

  /** Parses, and leaves the rows in the table. A used-up slab belongs to its messages. */
  decode(id: number, chunk: Buffer, position: number): number {
    const { endpoints, table } = this;
    if (SLAB_SIZE - table[1] < SMALL_MAX) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      endpoints.setSlab(this.slab);
      table[1] = 0;
    }
    return endpoints.decode(id, chunk, position);
  }
}

/** The incoming half of the native endpoint. */
export class NativeParser extends Delivery {
  private readonly shared: NativeParsers;
  private id: number;
  /** Pieces of the current frame or message that came with earlier chunks. */
  private pieces: ByteList | null = null;
  private left: Left | null = null;

  constructor(shared: NativeParsers, options: IncomingOptions, handler: IncomingHandler) {
    super(options, handler);
    this.shared = shared;
    const deflate = this.codec() !== undefined;
    this.id = shared.endpoints.open(
      (options.isServer ? 0 : OpenFlag.Client) |
        (deflate ? OpenFlag.Deflate : 0) |
        (this.skipUTF8Validation ? OpenFlag.SkipUTF8Validation : 0) |
        (keepsFragments(this._binaryType) ? OpenFlag.ByFrame : 0) |
        // Each of these can make JavaScript wait between two events.
        (deflate || !this.allowSynchronousEvents ? OpenFlag.OneByOne : 0),
      Math.max(0, this._maxPayload),
      Math.max(0, options.maxFragments! | 0),
      Math.max(0, options.maxBufferedChunks! | 0)
    );
  }

  override get _binaryType(): BinaryType {
    return super._binaryType;
  }

  override set _binaryType(type: BinaryType) {
    const before = super._binaryType;
    super._binaryType = type;
    if (this.id >= 0 && keepsFragments(before) !== keepsFragments(type)) {
      this.shared.endpoints.setByFrame(this.id, keepsFragments(type));
    }
  }

  override get _maxPayload(): number {
    return super._maxPayload;
  }

  override set _maxPayload(bytes: number) {
    super._maxPayload = bytes;
    if (this.id >= 0) this.shared.endpoints.setMaxPayload(this.id, Math.max(0, bytes | 0));
  }

  protected override step(): boolean {
    if (this.left !== null) {
      const { rows, slab, chunk } = this.left;
      this.left = null;
      this.deliver(rows, 0, rows.length / ROW, slab, chunk);
      return true;
    }
    const { chunk, position, shared } = this;
    if (position === chunk.length) return false;

    // Inside a listener that was called from here the table is still in use: it is put back.
    const nested = shared.delivering;
    const outer = nested ? shared.table.slice() : null;
    const count = shared.decode(this.id, chunk, position);
    this.position = position + shared.table[0];
    shared.delivering = true;
    try {
      this.deliver(shared.table, 1, count, shared.slab, chunk);
    } finally {
      shared.delivering = nested;
      if (outer !== null) {
        const used = shared.table[1];
        shared.table.set(outer);
        shared.table[1] = used;
      }
    }
    return true;
  }

  protected override release(): void {
    this.pieces = null;
    if (this.left !== null) this.dropRows(this.left.rows);
    this.left = null;
    if (this.id < 0) return;
    this.shared.endpoints.close(this.id);
    this.id = -1;
  }

  /** Delivers `count` rows, the first of which is row number `from` of the table. */
  private deliver(
    table: Int32Array,
    from: number,
    count: number,
    slab: Buffer,
    chunk: Buffer
  ): void {
    const end = (from + count) * ROW;
    let at = from * ROW;
    try {
      while (at < end) {
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
      // A listener has thrown: the rest is for later, when the table is used for something else.
      if (at < end) this.left = { rows: table.slice(at, end), slab, chunk };
    }
  }

  private bytes(kind: number, offset: number, length: number, slab: Buffer, chunk: Buffer): Buffer {
    if (length === 0) return EMPTY;
    if (kind & Flag.Slab) return new View(slab.buffer, offset, length);
    if (kind & Flag.Owned) {
      const own = Buffer.allocUnsafeSlow(length);
      this.shared.endpoints.takeOwned(offset, own);
      return own;
    }
    return view(chunk, offset, length);
  }

  /** Payloads that nobody will ask for any more are freed. */
  private dropRows(rows: Int32Array): void {
    for (let at = 0; at < rows.length; at += ROW) {
      if (rows[at] & Flag.Owned) this.shared.endpoints.takeOwned(rows[at + 1], EMPTY);
    }
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
    if (compressed || keepsFragments(this._binaryType)) {
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

/** Whether the fragments of a binary message have to stay apart. */
function keepsFragments(type: BinaryType): boolean {
  return type === 'fragments' || type === 'blob';
}
