import { EMPTY, view } from '../buffer.js';
import type {
  BinaryType,
  Codec,
  Extensions,
  Incoming,
  IncomingHandler,
  IncomingOptions,
  MessageData
} from '../contract.js';
import { asBinaryType } from '../deliver.js';
import { ErrorIndex, protocolError } from '../errors.js';
import { FIN, MASK, Opcode, RSV1 } from '../opcode.js';
import { NO_STATUS, isValidStatusCode } from '../status-code.js';
import { ByteList } from './byte-list.js';
import { masking } from './masking.js';
import { isValidUTF8 } from './utf8.js';
import { rotate, xorBytes } from './words.js';

/** What the parser is waiting for; each state reads a number of bytes and none is read twice. */
const enum State {
  /** The first two bytes of a frame. */
  Head,
  Length16,
  Length64,
  MaskingKey,
  Payload,
  /** A close frame was received or an error found: whatever follows is discarded. */
  Done
}

/** Why the parser does not go on at once. */
const enum Busy {
  No,
  /** A permessage-deflate job is under way. */
  Inflating,
  /** An event waits for its own turn of the event loop (`allowSynchronousEvents: false`). */
  Deferred
}

/** While busy, this many waiting bytes ask the transport to stop reading. */
const HIGH_WATER_MARK = 16 * 1024;

/**
 * The incoming half of the portable endpoint: parses frames out of chunks of any size and delivers
 * messages (RFC 6455 §5, §6.2). Frames inside one chunk are views of it; only what spans chunks is
 * copied.
 */
export class Parser implements Incoming {
  errored = false;
  finished = false;
  needsDrain = false;
  _binaryType: BinaryType;
  _maxPayload: number;

  private readonly handler: IncomingHandler;
  private readonly extensions: Extensions;
  private readonly allowSynchronousEvents: boolean;
  private readonly isServer: boolean;
  private readonly maxBufferedChunks: number;
  private readonly maxFragments: number;
  private readonly skipUTF8Validation: boolean;

  /** The chunk being parsed and how far. */
  private chunk: Buffer = EMPTY;
  private position = 0;
  /** Chunks that came while the parser was busy, and their bytes. */
  private waiting: Buffer[] | null = null;
  private waitingBytes = 0;
  private busy: Busy = Busy.No;
  private running = false;
  private ended = false;
  /** Whether an error has been found, even if it has not been reported yet. */
  failed = false;

  private state: State = State.Head;
  /** Bytes of the current state's number read so far, and the number: 64 bits in two words. */
  private got = 0;
  private high = 0;
  private low = 0;
  /** Payload bytes of the current frame from earlier chunks. */
  private payload: ByteList | null = null;
  /** Chunks that hold bytes the current state has not been able to use. */
  private bufferedChunks = 0;

  // The current frame.
  private fin = false;
  private opcode = 0;
  private masked = false;
  private payloadLength = 0;
  private key = 0;

  // The current message.
  /** Its opcode once a first fragment has been seen, else 0. */
  private fragmented = 0;
  private compressed = false;
  private fragmentCount = 0;
  /** Payload bytes announced so far. */
  private announcedLength = 0;
  /** Payload bytes after decompression. */
  private messageLength = 0;
  private fragments: ByteList | null = null;
  /** For `binaryType: 'fragments'` and 'blob' the fragments have to stay apart. */
  private fragmentList: Buffer[] | null = null;

  constructor(options: IncomingOptions, handler: IncomingHandler) {
    this.handler = handler;
    this.allowSynchronousEvents = options.allowSynchronousEvents ?? true;
    this._binaryType = options.binaryType || 'nodebuffer';
    this.extensions = options.extensions ?? {};
    this.isServer = Boolean(options.isServer);
    this.maxBufferedChunks = options.maxBufferedChunks! | 0;
    this.maxFragments = options.maxFragments! | 0;
    this._maxPayload = options.maxPayload! | 0;
    this.skipUTF8Validation = Boolean(options.skipUTF8Validation);
  }

  write(chunk: Buffer): boolean {
    if (this.state === State.Done || this.ended) return true;

    // A listener can make bytes arrive while it runs (an in-memory socket): they wait their turn.
    if (this.busy !== Busy.No || this.running) {
      (this.waiting ??= []).push(chunk);
      this.waitingBytes += chunk.length;
    } else {
      this.take(chunk);
      this.run(true);
    }
    if (this.busy === Busy.No) return true;
    const unread = this.waitingBytes + this.chunk.length - this.position;
    if (unread >= HIGH_WATER_MARK) this.needsDrain = true;
    return !this.needsDrain;
  }

  /** Whether bytes are waiting for something else than further bytes. */
  get isBusy(): boolean {
    return this.busy !== Busy.No;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.busy === Busy.No && !this.running) process.nextTick(finish, this);
  }

  private take(chunk: Buffer): void {
    if (this.maxBufferedChunks > 0 && this.bufferedChunks >= this.maxBufferedChunks) {
      this.fail(ErrorIndex.TooManyChunks, undefined, true);
      return;
    }
    this.chunk = chunk;
    this.position = 0;
    this.bufferedChunks++;
  }

  /**
   * Parses until there are too few bytes or the parser gets busy. `synchronous`: within `write`.
   */
  private run(synchronous: boolean): void {
    let completed = false;
    this.running = true;
    try {
      do {
        while (this.state !== State.Done && this.busy === Busy.No && this.step(synchronous));
      } while (this.busy === Busy.No && this.next());
      completed = true;
    } finally {
      this.running = false;
      // A listener has thrown. The exception takes its way; the messages behind it go on.
      if (!completed) process.nextTick(proceed, this);
    }
    if (this.busy !== Busy.No) return;
    if (this.needsDrain) {
      this.needsDrain = false;
      this.handler.onDrain();
    }
    if (this.ended && !this.finished && !this.failed) {
      if (synchronous) process.nextTick(finish, this);
      else finish(this);
    }
  }

  /** The chunk has been used up: takes the next waiting one. */
  private next(): boolean {
    this.chunk = EMPTY;
    this.position = 0;
    const chunk = this.waiting?.shift();
    if (chunk === undefined) return false;
    if (this.waiting!.length === 0) this.waiting = null;
    this.waitingBytes -= chunk.length;
    if (this.state !== State.Done) this.take(chunk);
    return true;
  }

  /** Does the current state's work; false when the chunk has too few bytes for it. */
  private step(synchronous: boolean): boolean {
    switch (this.state) {
      case State.Head:
        if (!this.readNumber(2)) return false;
        this.head(synchronous);
        return true;
      case State.Length16:
        if (!this.readNumber(2)) return false;
        this.payloadLength = this.low;
        this.haveLength(synchronous);
        return true;
      case State.Length64:
        if (!this.readNumber(8)) return false;
        // Lengths are doubles here, exact up to 2^53 - 1.
        if (this.high > 0x1fffff) {
          this.fail(ErrorIndex.UnsupportedPayloadLength, undefined, synchronous);
          return true;
        }
        this.payloadLength = this.high * 0x1_0000_0000 + this.low;
        this.haveLength(synchronous);
        return true;
      case State.MaskingKey:
        if (!this.readNumber(4)) return false;
        this.key = swap(this.low);
        this.state = State.Payload;
        return true;
      default:
        return this.readPayload(synchronous);
    }
  }

  /** Reads a big-endian number of `size` bytes into `high` and `low`, across chunks if need be. */
  private readNumber(size: number): boolean {
    const { chunk } = this;
    const { length } = chunk;
    let { position, got, high, low } = this;
    if (got === 0) {
      if (size === 2 && position + 2 <= length) {
        this.low = (chunk[position] << 8) | chunk[position + 1];
        this.position = position + 2;
        this.bufferedChunks = 1;
        return true;
      }
      high = low = 0;
    }
    while (got < size && position < length) {
      if (got === 4) {
        high = low;
        low = 0;
      }
      low = ((low << 8) | chunk[position++]) >>> 0;
      got++;
    }
    this.position = position;
    this.high = high;
    this.low = low;
    if (got < size) {
      this.got = got;
      this.starve();
      return false;
    }
    this.got = 0;
    this.bufferedChunks = 1;
    return true;
  }

  /** RFC 6455 §5.2: the bits of the first two bytes, in the order in which ws checks them. */
  private head(synchronous: boolean): void {
    const first = this.low >>> 8;
    const second = this.low & 0xff;
    const compressed = (first & RSV1) !== 0;
    const fin = (first & FIN) !== 0;
    const length = second & 0x7f;
    let opcode = first & 0x0f;

    if ((first & 0x30) !== 0) return this.fail(ErrorIndex.UnexpectedRsv23, undefined, synchronous);
    if (compressed && this.codec() === undefined) {
      return this.fail(ErrorIndex.UnexpectedRsv1, undefined, synchronous);
    }

    if (opcode === Opcode.Continuation) {
      // RFC 7692 §6.1: only the first fragment carries RSV1.
      if (compressed) return this.fail(ErrorIndex.UnexpectedRsv1, undefined, synchronous);
      // RFC 6455 §5.4: a continuation continues a message.
      if (this.fragmented === 0) return this.fail(ErrorIndex.InvalidOpcode, 0, synchronous);
      opcode = this.fragmented;
    } else if (opcode === Opcode.Text || opcode === Opcode.Binary) {
      // RFC 6455 §5.4: fragments of two messages are never interleaved.
      if (this.fragmented !== 0) return this.fail(ErrorIndex.InvalidOpcode, opcode, synchronous);
      this.compressed = compressed;
    } else if (opcode >= Opcode.Close && opcode <= Opcode.Pong) {
      // RFC 6455 §5.5: control frames are never fragmented and have at most 125 bytes.
      if (!fin) return this.fail(ErrorIndex.ExpectedFin, undefined, synchronous);
      if (compressed) return this.fail(ErrorIndex.UnexpectedRsv1, undefined, synchronous);
      if (length > 125 || (opcode === Opcode.Close && length === 1)) {
        return this.fail(ErrorIndex.InvalidControlPayloadLength, length, synchronous);
      }
    } else {
      return this.fail(ErrorIndex.InvalidOpcode, opcode, synchronous);
    }

    if (!fin && this.fragmented === 0) this.fragmented = opcode;
    this.fin = fin;
    this.opcode = opcode;

    // RFC 6455 §5.1: a client masks every frame, a server none.
    this.masked = (second & MASK) !== 0;
    if (this.masked !== this.isServer) {
      const index = this.isServer ? ErrorIndex.ExpectedMask : ErrorIndex.UnexpectedMask;
      return this.fail(index, undefined, synchronous);
    }

    this.payloadLength = length;
    if (length === 126) this.state = State.Length16;
    else if (length === 127) this.state = State.Length64;
    else this.haveLength(synchronous);
  }

  /** The limit holds for what is announced: a message too long is refused before it arrives. */
  private haveLength(synchronous: boolean): void {
    if (this.opcode < Opcode.Close && this.payloadLength > 0) {
      this.announcedLength += this.payloadLength;
      if (this._maxPayload > 0 && this.announcedLength > this._maxPayload) {
        return this.fail(ErrorIndex.MessageTooLong, undefined, synchronous);
      }
    }
    this.state = this.masked ? State.MaskingKey : State.Payload;
  }

  private readPayload(synchronous: boolean): boolean {
    const { payloadLength, position } = this;
    const buffered = this.payload === null ? 0 : this.payload.length;
    const missing = payloadLength - buffered;
    const left = this.chunk.length - position;
    let data: Buffer = EMPTY;

    if (left < missing) {
      if (left > 0) {
        (this.payload ??= new ByteList()).push(view(this.chunk, position, left));
        this.position = this.chunk.length;
      }
      this.starve();
      return false;
    }
    if (payloadLength > 0) {
      this.position = position + missing;
      this.bufferedChunks = 1;
      if (buffered === 0) {
        data = view(this.chunk, position, payloadLength);
        if (this.masked) this.unmask(data);
      } else {
        data = this.joinPayload(view(this.chunk, position, missing));
      }
    }

    if (this.opcode >= Opcode.Close) this.control(data, synchronous);
    else this.fragment(data, synchronous);
    return true;
  }

  private unmask(data: Buffer): void {
    if (data.length < 32) xorBytes(data, this.key, 0, data.length);
    else masking.unmask(data, this.key);
  }

  /** A payload that came in several chunks, joined and unmasked in one pass. */
  private joinPayload(last: Buffer): Buffer {
    const list = this.payload!;
    const target = Buffer.allocUnsafe(this.payloadLength);
    let at = 0;
    const add = (piece: Buffer) => {
      if (this.masked) masking.mask(piece, rotate(this.key, at), target, at);
      else target.set(piece, at);
      at += piece.length;
    };
    list.forEach(add);
    add(last);
    this.payload = null;
    return target;
  }

  private fragment(data: Buffer, synchronous: boolean): void {
    if (this.maxFragments > 0 && ++this.fragmentCount > this.maxFragments) {
      return this.fail(ErrorIndex.TooManyFragments, undefined, synchronous);
    }
    this.state = State.Head;

    if (this.compressed) {
      this.inflate(data);
    } else if (this.fin && this.fragmented === 0) {
      this.announcedLength = 0;
      this.fragmentCount = 0;
      this.message(data, null, synchronous);
    } else {
      this.messageLength = this.announcedLength;
      this.append(data, synchronous);
    }
  }

  private inflate(data: Buffer): void {
    let waiting = true;
    this.busy = Busy.Inflating;
    this.codec()!.decompress(data, this.fin, (error, inflated) => {
      this.busy = Busy.No;
      try {
        if (error) this.failWith(error, false);
        else this.inflated(inflated);
      } finally {
        // A codec that answers at once is still inside the loop that goes on by itself.
        if (!waiting) this.run(false);
      }
    });
    waiting = false;
  }

  private inflated(data: Buffer): void {
    this.messageLength += data.length;
    if (this._maxPayload > 0 && this.messageLength > this._maxPayload) {
      this.fail(ErrorIndex.MessageTooLong, undefined, false);
    } else {
      this.append(data, false, true);
    }
  }

  /** Adds a fragment to the message, and delivers it with its last one. */
  private append(data: Buffer, synchronous: boolean, inflated = false): void {
    const apart =
      this.opcode === Opcode.Binary &&
      (this._binaryType === 'fragments' || this._binaryType === 'blob');
    if (data.length > 0) {
      if (this.fragmentList !== null) this.fragmentList.push(data);
      else if (apart && this.fragments === null) this.fragmentList = [data];
      else if (this.fin && this.fragments === null) {
        this.endMessage(data, null, synchronous, inflated);
        return;
      } else (this.fragments ??= new ByteList()).push(data);
    }
    if (!this.fin) return;

    const list = this.fragmentList;
    const whole =
      list === null ? (this.fragments?.take() ?? EMPTY) : apart ? EMPTY : Buffer.concat(list);
    this.endMessage(whole, list, synchronous, inflated);
  }

  private endMessage(
    whole: Buffer,
    list: Buffer[] | null,
    synchronous: boolean,
    inflated: boolean
  ): void {
    this.fragments = null;
    this.fragmentList = null;
    this.fragmented = 0;
    this.fragmentCount = 0;
    this.announcedLength = 0;
    this.messageLength = 0;
    this.message(whole, list, synchronous, inflated);
  }

  private message(
    whole: Buffer,
    list: Buffer[] | null,
    synchronous: boolean,
    inflated = false
  ): void {
    if (this.opcode === Opcode.Text) {
      // RFC 6455 §8.1. Only whole messages: a code point may be split between fragments.
      if (!this.skipUTF8Validation && !isValidUTF8(whole)) {
        return this.fail(ErrorIndex.InvalidUtf8, undefined, synchronous);
      }
      // A text message that was inflated has had a turn of its own.
      if (this.allowSynchronousEvents || inflated) this.handler.onMessage(whole, false);
      else this.defer(() => this.handler.onMessage(whole, false));
      return;
    }

    const type = this._binaryType;
    let data: MessageData;
    if (type === 'nodebuffer') data = whole;
    else if (list === null) data = asBinaryType(whole, type);
    else if (type === 'fragments') data = list;
    else if (type === 'blob') data = new Blob(list as Uint8Array<ArrayBuffer>[]);
    else data = asBinaryType(whole, type);
    if (this.allowSynchronousEvents) this.handler.onMessage(data, true);
    else this.defer(() => this.handler.onMessage(data, true));
  }

  private control(data: Buffer, synchronous: boolean): void {
    this.state = State.Head;
    if (this.opcode === Opcode.Close) return this.close(data, synchronous);

    const ping = this.opcode === Opcode.Ping;
    if (this.allowSynchronousEvents) {
      if (ping) this.handler.onPing(data);
      else this.handler.onPong(data);
    } else {
      this.defer(() => (ping ? this.handler.onPing(data) : this.handler.onPong(data)));
    }
  }

  /** RFC 6455 §5.5.1, §7.1.5, §7.1.6. */
  private close(data: Buffer, synchronous: boolean): void {
    let code = NO_STATUS;
    let reason: Buffer = EMPTY;
    if (data.length > 0) {
      code = (data[0] << 8) | data[1];
      if (!isValidStatusCode(code)) {
        return this.fail(ErrorIndex.InvalidCloseCode, code, synchronous);
      }
      reason = view(data, 2, data.length - 2);
      if (!this.skipUTF8Validation && !isValidUTF8(reason)) {
        return this.fail(ErrorIndex.InvalidUtf8, undefined, synchronous);
      }
    }
    this.state = State.Done;
    this.ended = true;
    this.handler.onConclude(code, reason);
  }

  private defer(event: () => void): void {
    this.busy = Busy.Deferred;
    setImmediate(() => {
      this.busy = Busy.No;
      try {
        event();
      } finally {
        this.run(false);
      }
    });
  }

  private codec(): Codec | undefined {
    return this.extensions['permessage-deflate'];
  }

  /** The rest of the chunk has been put away: remember whether it counts as buffered. */
  private starve(): void {
    const holdsBytes = this.got > 0 || (this.payload !== null && this.payload.length > 0);
    if (!holdsBytes) this.bufferedChunks = 0;
  }

  private fail(index: ErrorIndex, detail: number | undefined, synchronous: boolean): void {
    this.failWith(protocolError(index, detail, this.fail), synchronous);
  }

  /**
   * Ends parsing. The error is reported later, as a stream would: after the current callback, and
   * one turn of the tick queue later still if it was found within `write`.
   */
  private failWith(error: Error, synchronous: boolean): void {
    this.state = State.Done;
    this.failed = true;
    this.chunk = EMPTY;
    this.position = 0;
    this.waiting = null;
    this.payload = null;
    this.fragments = null;
    this.fragmentList = null;
    if (synchronous) process.nextTick(process.nextTick, report, this, error);
    else process.nextTick(report, this, error);
  }
}

/** The masking key as `Masking` wants it: first byte lowest. */
function swap(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

interface Internals {
  errored: boolean;
  finished: boolean;
  failed: boolean;
  handler: IncomingHandler;
  run(synchronous: boolean): void;
}

function finish(parser: unknown): void {
  const self = parser as Internals;
  if (self.finished || self.failed) return;
  self.finished = true;
  self.handler.onFinish();
}

function report(parser: unknown, error: Error): void {
  const self = parser as Internals;
  self.errored = true;
  self.handler.onError(error);
}

function proceed(parser: unknown): void {
  (parser as Internals).run(false);
}
