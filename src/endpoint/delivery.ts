import { Buffer } from 'node:buffer';
import { EMPTY, toArrayBuffer } from './buffer.js';
import type {
  BinaryType,
  Codec,
  Extensions,
  Incoming,
  IncomingHandler,
  IncomingOptions,
  MessageData
} from './contract.js';
import { ErrorIndex, protocolError } from './errors.js';
import { Fragments } from './fragments.js';
import { Opcode } from './opcode.js';
import { isValidUTF8 } from './utf8.js';

/** Why the chunk at hand is not worked off at once. */
const enum Busy {
  No,
  /** A permessage-deflate job is under way. */
  Inflating,
  /** An event waits for its own turn of the event loop (`allowSynchronousEvents: false`). */
  Deferred
}

/** Whether chunks are being worked off. */
const enum Running {
  No,
  /** Called by `write`. */
  Synchronously,
  /** By a timer or a job. */
  Later
}

/** How it ends, in bits of which none is ever taken back. */
const enum Stage {
  /** A close frame was received or an error found: whatever follows is discarded. */
  Done = 1,
  /** No bytes will follow. */
  Ended = 2,
  /** Everything was delivered, and the handler was told. */
  Finished = 4,
  /** The handler was told of the error. */
  Errored = 8
}

/** While busy, this many waiting bytes ask the transport to stop reading. */
const HIGH_WATER_MARK = 16 * 1024;

/**
 * What the incoming halves of all endpoints have in common: chunks are worked off one after the
 * other, also when an event has to be waited for; fragments become messages of the right type; an
 * error ends it all.
 *
 *     write ──► waiting ──► chunk ──► step (parses a frame) ──► fragment ──► message ──► handler
 *                             ▲                                    │ inflate, or a turn of its own
 *                             └───────────── run ◄─────────────────┘
 */
export abstract class Delivery implements Incoming {
  needsDrain = false;
  /** The error that has been found, even if it has not been reported yet. */
  failure: Error | null = null;
  private type: BinaryType;
  private limit: number;

  protected readonly handler: IncomingHandler;
  protected readonly extensions: Extensions;
  protected readonly allowSynchronousEvents: boolean;
  protected readonly skipUTF8Validation: boolean;

  /** The chunk being worked off and how far. */
  protected chunk: Buffer = EMPTY;
  protected position = 0;

  /** Chunks that came meanwhile, and their bytes. */
  private waiting: Buffer[] | null = null;
  private waitingBytes = 0;
  private busy: Busy = Busy.No;
  private running: Running = Running.No;
  private stage = 0;

  /** The message whose fragments are coming, after decompression. */
  private fragments: Fragments | null = null;

  constructor(options: IncomingOptions, handler: IncomingHandler) {
    this.handler = handler;
    this.allowSynchronousEvents =
      options.allowSynchronousEvents === undefined || Boolean(options.allowSynchronousEvents);
    this.type = options.binaryType || 'nodebuffer';
    this.extensions = options.extensions ?? {};
    this.limit = options.maxPayload! | 0;
    this.skipUTF8Validation = Boolean(options.skipUTF8Validation);
  }

  get _binaryType(): BinaryType {
    return this.type;
  }

  set _binaryType(type: BinaryType) {
    this.type = type;
  }

  get _maxPayload(): number {
    return this.limit;
  }

  set _maxPayload(bytes: number) {
    this.limit = bytes;
  }

  get errored(): boolean {
    return (this.stage & Stage.Errored) !== 0;
  }

  get finished(): boolean {
    return (this.stage & Stage.Finished) !== 0;
  }

  /** Whether whatever follows is discarded. */
  protected get done(): boolean {
    return (this.stage & Stage.Done) !== 0;
  }

  /** Works on the chunk from the position on; false once it is used up. */
  protected abstract step(): boolean;

  write(chunk: Buffer): boolean {
    if (this.stage & (Stage.Done | Stage.Ended)) return true;

    // A listener can make bytes arrive while it runs (an in-memory socket): they wait their turn.
    if (this.isBusy) {
      (this.waiting ??= []).push(chunk);
      this.waitingBytes += chunk.length;
    } else {
      this.running = Running.Synchronously;
      this.take(chunk);
      this.run(Running.Synchronously);
    }
    if (this.busy === Busy.No) return true;
    const unread = this.waitingBytes + this.chunk.length - this.position;
    if (unread >= HIGH_WATER_MARK) this.needsDrain = true;
    return !this.needsDrain;
  }

  /** For what comes otherwise than in chunks: has `first` run, and then what `step` finds. */
  protected begin(first?: () => void): void {
    this.run(Running.Synchronously, first);
  }

  /** Nothing more will be parsed: frees what parsing needs. May be called more than once. */
  protected release(): void {}

  /** Whether bytes are waiting for something else than further bytes. */
  get isBusy(): boolean {
    return this.busy !== Busy.No || this.running !== Running.No;
  }

  /** Whether an event has to be waited for before the next one. */
  protected get isWaiting(): boolean {
    return this.busy !== Busy.No;
  }

  end(): void {
    if (this.stage & Stage.Ended) return;
    this.stage |= Stage.Ended;
    if (!this.isBusy) process.nextTick(finish, this);
  }

  protected take(chunk: Buffer): void {
    this.chunk = chunk;
    this.position = 0;
  }

  /** The end of what the peer has to say (RFC 6455 §5.5.1). */
  protected conclude(code: number, reason: Buffer): void {
    this.stage |= Stage.Done | Stage.Ended;
    this.release();
    this.handler.onConclude(code, reason);
  }

  protected ping(data: Buffer): void {
    if (this.allowSynchronousEvents) this.handler.onPing(data);
    else this.defer(() => this.handler.onPing(data));
  }

  protected pong(data: Buffer): void {
    if (this.allowSynchronousEvents) this.handler.onPong(data);
    else this.defer(() => this.handler.onPong(data));
  }

  /** One frame of a message, unmasked. `opcode` is that of the message. */
  protected fragment(data: Buffer, opcode: Opcode, compressed: boolean, fin: boolean): void {
    if (compressed) {
      this.inflate(data, opcode, fin);
    } else {
      this.append(data, opcode, fin, false);
    }
  }

  /** A whole message; `list` are its fragments where they have to stay apart. */
  protected message(
    whole: Buffer,
    opcode: Opcode,
    list: Buffer[] | null = null,
    inflated = false
  ): void {
    if (opcode === Opcode.Text) {
      // RFC 6455 §8.1. Only whole messages: a code point may be split between fragments.
      if (!this.skipUTF8Validation && !isValidUTF8(whole)) {
        return this.fail(ErrorIndex.InvalidUtf8);
      }
      this.text(whole, inflated);
    } else {
      this.binary(whole, list);
    }
  }

  /** Text that is known to be UTF-8. */
  protected text(whole: Buffer, inflated = false): void {
    // A text message that was inflated has had a turn of its own.
    if (this.allowSynchronousEvents || inflated) this.handler.onMessage(whole, false);
    else this.defer(() => this.handler.onMessage(whole, false));
  }

  private binary(whole: Buffer, list: Buffer[] | null): void {
    const data = this.asBinaryType(whole, list);
    if (this.allowSynchronousEvents) this.handler.onMessage(data, true);
    else this.defer(() => this.handler.onMessage(data, true));
  }

  private asBinaryType(whole: Buffer, list: Buffer[] | null): MessageData {
    switch (this._binaryType) {
      case 'nodebuffer':
        return whole;
      case 'arraybuffer':
        return toArrayBuffer(whole);
      case 'blob':
        return new Blob(fragmentsOf(whole, list) as Uint8Array<ArrayBuffer>[]);
      default:
        return fragmentsOf(whole, list);
    }
  }

  protected codec(): Codec | undefined {
    return this.extensions['permessage-deflate'];
  }

  protected fail(index: ErrorIndex, detail?: number): void {
    this.failWith(protocolError(index, detail, this.fail));
  }

  /**
   * Ends it all. The error is reported later, as a stream would: after the current callback, and
   * one turn of the tick queue later still if it was found within `write`.
   */
  protected failWith(error: Error): void {
    this.stage |= Stage.Done;
    this.failure = error;
    this.chunk = EMPTY;
    this.position = 0;
    this.waiting = null;
    this.fragments = null;
    this.release();
    if (this.running === Running.Synchronously)
      process.nextTick(process.nextTick, report, this, error);
    else process.nextTick(report, this, error);
  }

  /**
   * Works off chunks until they are used up or an event has to be waited for; what was waited for
   * comes first.
   */
  private run(how: Running, awaited?: () => void): void {
    let completed = false;
    this.running = how;
    try {
      awaited?.();
      do {
        while (!this.done && this.busy === Busy.No && this.step());
      } while (this.busy === Busy.No && this.next());
      completed = true;
    } finally {
      // A listener has thrown. The exception takes its way, and the messages behind it go on, before
      // any that arrive until then.
      this.running = completed ? Running.No : Running.Later;
      if (!completed) process.nextTick(proceed, this);
    }
    if (this.busy !== Busy.No) return;
    if (this.needsDrain) {
      this.needsDrain = false;
      this.handler.onDrain();
    }
    if (this.stage & Stage.Ended) process.nextTick(finish, this);
  }

  /** The chunk has been used up: takes the next waiting one. */
  private next(): boolean {
    this.chunk = EMPTY;
    this.position = 0;
    if (this.waiting === null) return false;
    const chunk = this.waiting.shift()!;
    if (this.waiting.length === 0) this.waiting = null;
    this.waitingBytes -= chunk.length;
    if (!this.done) this.take(chunk);
    return true;
  }

  private inflate(data: Buffer, opcode: Opcode, fin: boolean): void {
    const codec = this.codec()!;
    const result = codec.decompressNow?.(data, fin) ?? null;
    if (result !== null) {
      if (result instanceof Error) this.failWith(result);
      else this.inflated(result, opcode, fin, false);
      return;
    }
    let waiting = true;
    this.busy = Busy.Inflating;
    codec.decompress(data, fin, (error, inflated) => {
      this.busy = Busy.No;
      const settle = () => {
        if (error) this.failWith(error);
        else this.inflated(inflated, opcode, fin, true);
      };
      // A codec that answers at once is still inside the loop that goes on by itself.
      if (waiting) settle();
      else this.run(Running.Later, settle);
    });
    waiting = false;
  }

  /** `later` is whether it has had a turn of its own. */
  private inflated(data: Buffer, opcode: Opcode, fin: boolean, later: boolean): void {
    const length = data.length + (this.fragments === null ? 0 : this.fragments.length);
    if (this._maxPayload > 0 && length > this._maxPayload) {
      this.fail(ErrorIndex.MessageTooLong);
    } else {
      this.append(data, opcode, fin, later);
    }
  }

  /** Adds a fragment to the message, and delivers it with its last one. */
  private append(data: Buffer, opcode: Opcode, fin: boolean, inflated: boolean): void {
    const apart =
      opcode === Opcode.Binary && (this._binaryType === 'fragments' || this._binaryType === 'blob');
    if (fin && this.fragments === null && !apart) {
      this.message(data, opcode, null, inflated);
      return;
    }
    const fragments = (this.fragments ??= new Fragments());
    fragments.push(data, apart);
    if (!fin) return;

    this.fragments = null;
    const list = apart ? fragments.list : null;
    this.message(list === null ? fragments.take() : EMPTY, opcode, list, inflated);
  }

  private defer(event: () => void): void {
    this.busy = Busy.Deferred;
    setImmediate(() => {
      this.busy = Busy.No;
      this.run(Running.Later, event);
    });
  }
}

/** What is called later does not need a closure. */
interface Later {
  stage: Stage;
  failure: Error | null;
  handler: IncomingHandler;
  release(): void;
  run(how: Running): void;
}

function finish(delivery: unknown): void {
  const self = delivery as Later;
  if (self.stage & Stage.Finished || self.failure !== null) return;
  self.stage |= Stage.Finished;
  self.release();
  self.handler.onFinish();
}

function report(delivery: unknown, error: Error): void {
  const self = delivery as Later;
  self.stage |= Stage.Errored;
  self.handler.onError(error);
}

function proceed(delivery: unknown): void {
  (delivery as Later).run(Running.Later);
}

function fragmentsOf(whole: Buffer, list: Buffer[] | null): Buffer[] {
  if (list !== null) return list;
  return whole.length === 0 ? [] : [whole];
}
