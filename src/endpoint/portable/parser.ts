import { EMPTY, view } from '../buffer.js';
import { ByteList } from '../byte-list.js';
import type { IncomingHandler, IncomingOptions } from '../contract.js';
import { Delivery } from '../delivery.js';
import { ErrorIndex } from '../errors.js';
import { FIN, MASK, Opcode, RSV1 } from '../opcode.js';
import { NO_STATUS, isValidStatusCode } from '../status-code.js';
import { isValidUTF8 } from '../utf8.js';
import { masking } from './masking.js';
import { rotate, xorBytes } from './words.js';

/** What the parser is waiting for; each state reads a number of bytes and none is read twice. */
const enum State {
  /** The first two bytes of a frame. */
  Head,
  Length16,
  Length64,
  MaskingKey,
  Payload
}

/**
 * The incoming half of the portable endpoint: parses frames out of chunks of any size (RFC 6455
 * §5.2). A payload inside one chunk is a view of it; only what spans chunks is copied.
 */
export class Parser extends Delivery {
  private readonly isServer: boolean;
  private readonly maxBufferedChunks: number;
  private readonly maxFragments: number;

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
  private opcode: Opcode = 0;
  private masked = false;
  private payloadLength = 0;
  private key = 0;

  // The current message.
  /** Its opcode once a first fragment has been seen, else 0. */
  private fragmented: Opcode = 0;
  private compressed = false;
  private fragmentCount = 0;
  /** Payload bytes announced so far. */
  private announcedLength = 0;

  constructor(options: IncomingOptions, handler: IncomingHandler) {
    super(options, handler);
    this.isServer = Boolean(options.isServer);
    this.maxBufferedChunks = options.maxBufferedChunks! | 0;
    this.maxFragments = options.maxFragments! | 0;
  }

  protected override take(chunk: Buffer): void {
    if (this.maxBufferedChunks > 0 && this.bufferedChunks >= this.maxBufferedChunks) {
      this.fail(ErrorIndex.TooManyChunks);
      return;
    }
    super.take(chunk);
    this.bufferedChunks++;
  }

  protected override release(): void {
    this.payload = null;
  }

  /** Does the current state's work; false when the chunk has too few bytes for it. */
  protected override step(): boolean {
    switch (this.state) {
      case State.Head:
        if (!this.readNumber(2)) return false;
        this.head();
        return true;
      case State.Length16:
        if (!this.readNumber(2)) return false;
        this.payloadLength = this.low;
        this.haveLength();
        return true;
      case State.Length64:
        if (!this.readNumber(8)) return false;
        // Lengths are doubles here, exact up to 2^53 - 1.
        if (this.high > 0x1fffff) {
          this.fail(ErrorIndex.UnsupportedPayloadLength);
          return true;
        }
        this.payloadLength = this.high * 0x1_0000_0000 + this.low;
        this.haveLength();
        return true;
      case State.MaskingKey:
        if (!this.readNumber(4)) return false;
        this.key = swap(this.low);
        this.state = State.Payload;
        return true;
      default:
        return this.readPayload();
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
  private head(): void {
    const first = this.low >>> 8;
    const second = this.low & 0xff;
    const compressed = (first & RSV1) !== 0;
    const fin = (first & FIN) !== 0;
    const length = second & 0x7f;
    let opcode = first & 0x0f;

    if ((first & 0x30) !== 0) return this.fail(ErrorIndex.UnexpectedRsv23);
    if (compressed && this.codec() === undefined) {
      return this.fail(ErrorIndex.UnexpectedRsv1);
    }

    if (opcode === Opcode.Continuation) {
      // RFC 7692 §6.1: only the first fragment carries RSV1.
      if (compressed) return this.fail(ErrorIndex.UnexpectedRsv1);
      // RFC 6455 §5.4: a continuation continues a message.
      if (this.fragmented === 0) return this.fail(ErrorIndex.InvalidOpcode, 0);
      opcode = this.fragmented;
    } else if (opcode === Opcode.Text || opcode === Opcode.Binary) {
      // RFC 6455 §5.4: fragments of two messages are never interleaved.
      if (this.fragmented !== 0) return this.fail(ErrorIndex.InvalidOpcode, opcode);
      this.compressed = compressed;
    } else if (opcode >= Opcode.Close && opcode <= Opcode.Pong) {
      // RFC 6455 §5.5: control frames are never fragmented and have at most 125 bytes.
      if (!fin) return this.fail(ErrorIndex.ExpectedFin);
      if (compressed) return this.fail(ErrorIndex.UnexpectedRsv1);
      if (length > 125 || (opcode === Opcode.Close && length === 1)) {
        return this.fail(ErrorIndex.InvalidControlPayloadLength, length);
      }
    } else {
      return this.fail(ErrorIndex.InvalidOpcode, opcode);
    }

    if (!fin && this.fragmented === 0) this.fragmented = opcode;
    this.fin = fin;
    this.opcode = opcode;

    // RFC 6455 §5.1: a client masks every frame, a server none.
    this.masked = (second & MASK) !== 0;
    if (this.masked !== this.isServer) {
      const index = this.isServer ? ErrorIndex.ExpectedMask : ErrorIndex.UnexpectedMask;
      return this.fail(index);
    }

    this.payloadLength = length;
    if (length === 126) this.state = State.Length16;
    else if (length === 127) this.state = State.Length64;
    else this.haveLength();
  }

  /** The limit holds for what is announced: a message too long is refused before it arrives. */
  private haveLength(): void {
    if (this.opcode < Opcode.Close && this.payloadLength > 0) {
      this.announcedLength += this.payloadLength;
      if (this._maxPayload > 0 && this.announcedLength > this._maxPayload) {
        return this.fail(ErrorIndex.MessageTooLong);
      }
    }
    this.state = this.masked ? State.MaskingKey : State.Payload;
  }

  private readPayload(): boolean {
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

    this.state = State.Head;
    if (this.opcode >= Opcode.Close) this.controlFrame(data);
    else this.dataFrame(data);
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

  private dataFrame(data: Buffer): void {
    if (this.maxFragments > 0 && ++this.fragmentCount > this.maxFragments) {
      return this.fail(ErrorIndex.TooManyFragments);
    }
    const { opcode, fin } = this;
    const whole = fin && this.fragmented === 0;
    if (fin) {
      this.fragmented = 0;
      this.fragmentCount = 0;
      this.announcedLength = 0;
    }
    if (whole && !this.compressed) this.message(data, opcode);
    else this.fragment(data, opcode, this.compressed, fin);
  }

  private controlFrame(data: Buffer): void {
    if (this.opcode === Opcode.Ping) this.ping(data);
    else if (this.opcode === Opcode.Pong) this.pong(data);
    else this.closeFrame(data);
  }

  /** RFC 6455 §5.5.1, §7.1.5, §7.1.6. */
  private closeFrame(data: Buffer): void {
    if (data.length === 0) return this.conclude(NO_STATUS, EMPTY);
    const code = (data[0] << 8) | data[1];
    if (!isValidStatusCode(code)) return this.fail(ErrorIndex.InvalidCloseCode, code);
    const reason = view(data, 2, data.length - 2);
    if (!this.skipUTF8Validation && !isValidUTF8(reason)) {
      return this.fail(ErrorIndex.InvalidUtf8);
    }
    this.conclude(code, reason);
  }

  /** The rest of the chunk has been put away: remember whether it counts as buffered. */
  private starve(): void {
    const holdsBytes = this.got > 0 || (this.payload !== null && this.payload.length > 0);
    if (!holdsBytes) this.bufferedChunks = 0;
  }
}

/** The masking key as `Masking` wants it: first byte lowest. */
function swap(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
