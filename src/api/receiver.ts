import { Writable } from 'node:stream';
import type {
  BinaryType,
  IncomingHandler,
  IncomingOptions,
  MessageData
} from '../endpoint/contract.js';
import { Parser } from '../endpoint/portable/parser.js';

/**
 * The incoming half of the portable endpoint as a Writable, as ws's class of the same name: emits
 * `message`, `ping`, `pong` and `conclude`.
 */
export class Receiver extends Writable {
  readonly _isServer: boolean;
  private readonly incoming: Parser;
  /** The callback of the write whose bytes are being parsed. */
  private pending: ((error?: Error | null) => void) | null = null;

  constructor(options: IncomingOptions = {}) {
    super();
    this._isServer = Boolean(options.isServer);
    this.incoming = new Parser(options, new Emitter(this, (error) => this.settle(error)));
  }

  get _binaryType(): BinaryType {
    return this.incoming._binaryType;
  }

  set _binaryType(type: BinaryType) {
    this.incoming._binaryType = type;
  }

  get _maxPayload(): number {
    return this.incoming._maxPayload;
  }

  set _maxPayload(bytes: number) {
    this.incoming._maxPayload = bytes;
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void
  ): void {
    this.pending = callback;
    try {
      this.incoming.write(chunk);
    } finally {
      // Also when a listener has thrown: the rest of the chunk is delivered in a moment.
      if (this.incoming.isBusy) this.incoming.needsDrain = true;
      else this.settle(this.incoming.failure);
    }
  }

  private settle(error?: Error | null): void {
    const callback = this.pending;
    this.pending = null;
    callback?.(error);
  }
}

class Emitter implements IncomingHandler {
  constructor(
    private readonly receiver: Receiver,
    private readonly settle: (error?: Error) => void
  ) {}

  onMessage(data: MessageData, isBinary: boolean): void {
    this.receiver.emit('message', data, isBinary);
  }

  onPing(data: Buffer): void {
    this.receiver.emit('ping', data);
  }

  onPong(data: Buffer): void {
    this.receiver.emit('pong', data);
  }

  onConclude(code: number, reason: Buffer): void {
    this.receiver.emit('conclude', code, reason);
    this.receiver.end();
  }

  onError(error: Error): void {
    this.settle(error);
  }

  onDrain(): void {
    this.settle();
  }

  onFinish(): void {}
}
