import { Buffer } from 'node:buffer';
import { EMPTY, copy, isBlob, toBuffer } from './buffer.js';
import {
  COPY_MIN,
  type Codec,
  type Extensions,
  type Masking,
  type Outlet,
  type SendCallback
} from './contract.js';
import { frameKey, headerLength, writeHeader, writeKey } from './frame.js';
import { FIN, Opcode, RSV1 } from './opcode.js';
import { isValidStatusCode } from './status-code.js';
import { isShortAscii, repeatedTextFrame } from './text-frame.js';

/** What keeps a frame from being written at once. */
const enum State {
  Ready,
  Deflating,
  ReadingBlob
}

/** A frame whose turn has not come. */
interface Job {
  data: Buffer | string | Blob;
  /** First byte of the frame: FIN, RSV1, opcode. */
  first: number;
  masked: boolean;
  compress: boolean;
  byteLength: number;
  callback: SendCallback | undefined;
}

/** The options of ws's `Sender#send`. */
export interface SendOptions {
  binary?: boolean;
  compress?: boolean;
  fin?: boolean;
  mask?: boolean;
}

/**
 * The outgoing half of an endpoint: messages and control frames in, bytes out, in the order of the
 * calls even where one has to be compressed or read first (RFC 6455 §5, §6.1; RFC 7692 §7.2.1).
 */
export abstract class Outgoing {
  _extensions: Extensions;
  declare _generateMask: ((mask: Buffer) => void) | undefined;
  declare _maskBuffer: Buffer | undefined;
  /** Payload bytes that wait for their turn here; those in the outlet's queue are not among them. */
  _bufferedBytes = 0;

  protected readonly outlet: Outlet;
  private _state: State = State.Ready;
  private _queue: Job[] | null = null;
  /** Whether the next `send` begins a message, and whether the current message is compressed. */
  private _firstFragment = true;
  private _compress = false;

  constructor(outlet: Outlet, extensions?: Extensions, generateMask?: (mask: Buffer) => void) {
    this.outlet = outlet;
    this._extensions = extensions ?? {};
    if (generateMask) {
      this._generateMask = generateMask;
      this._maskBuffer = Buffer.alloc(4);
    }
  }

  /** What masks, the same for all of a class. */
  protected abstract get masking(): Masking;

  /** Called when a Blob cannot be read. */
  onerror(_error: Error): void {}

  /** Sends a message or a fragment of one, as ws's `Sender#send`. */
  send(data: unknown, options: SendOptions, callback?: SendCallback): void {
    this.message(
      data,
      Boolean(options.binary),
      Boolean(options.compress),
      Boolean(options.fin),
      Boolean(options.mask),
      callback
    );
  }

  /**
   * Sends a message or a fragment of one. Strings, bytes and Blobs as they are, whatever else
   * `Buffer.from` takes. Throws what it throws.
   */
  message(
    data: unknown,
    binary: boolean,
    compress: boolean,
    fin: boolean,
    masked: boolean,
    callback: SendCallback | undefined
  ): void {
    const payload = typeof data === 'string' || isBlob(data) ? data : toBuffer(data);
    let first = fin ? FIN : 0;

    if (this._firstFragment) {
      this._compress = compress && this.isWorthCompressing(payload);
      // RFC 6455 §5.4: only the first fragment names the opcode; RFC 7692 §6.1: and RSV1.
      first |= binary ? Opcode.Binary : Opcode.Text;
      if (this._compress) first |= RSV1;
    }
    this._firstFragment = fin;

    if (this._state === State.Ready && this._compress && !isBlobPayload(payload)) {
      const compressed = this.codec().compressNow?.(payload, fin) ?? null;
      if (compressed !== null) this.write(compressed, first, masked, callback);
      else this.queue(payload, first, masked, true, callback);
    } else if (this._compress || this._state !== State.Ready || isBlobPayload(payload)) {
      this.queue(payload, first, masked, this._compress, callback);
    } else {
      this.write(payload, first, masked, callback);
    }
  }

  ping(data: unknown, masked?: boolean, callback?: SendCallback): void {
    this.control(Opcode.Ping, data, Boolean(masked), callback);
  }

  pong(data: unknown, masked?: boolean, callback?: SendCallback): void {
    this.control(Opcode.Pong, data, Boolean(masked), callback);
  }

  /** Sends a close frame (RFC 6455 §5.5.1); throws on a code or reason that may not stand in one. */
  close(
    code: number | undefined,
    data: string | Buffer | undefined,
    masked?: boolean,
    callback?: SendCallback
  ): void {
    const body = closeBody(code, data);
    if (this._state !== State.Ready) {
      this.queue(body, FIN | Opcode.Close, Boolean(masked), false, callback);
    } else {
      this.write(body, FIN | Opcode.Close, Boolean(masked), callback);
    }
  }

  /** Sends what `Sender.frame` has made. */
  sendFrame(list: readonly (Buffer | string)[], callback?: SendCallback): void {
    let length = 0;
    for (const piece of list) {
      length += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
    }
    if (length === 0 || !this.outlet.copies(length)) {
      this.outlet.writeThrough(list, callback);
      return;
    }
    let at = this.outlet.reserve(length);
    const { memory } = this.outlet;
    for (const piece of list) {
      if (typeof piece === 'string') {
        at += memory.write(piece, at, 'utf8');
      } else {
        copy(piece, memory, at);
        at += piece.length;
      }
    }
    this.finish(callback);
  }

  private control(
    opcode: Opcode,
    data: unknown,
    masked: boolean,
    callback: SendCallback | undefined
  ): void {
    const payload = typeof data === 'string' || isBlob(data) ? data : toBuffer(data);
    if (byteLength(payload) > 125) {
      throw new RangeError('The data size must not be greater than 125 bytes');
    }
    if (this._state !== State.Ready || isBlobPayload(payload)) {
      this.queue(payload, FIN | opcode, masked, false, callback);
    } else {
      this.write(payload, FIN | opcode, masked, callback);
    }
  }

  /** Below the threshold only messages that help the next ones are compressed. */
  private isWorthCompressing(payload: Buffer | string | Blob): boolean {
    const codec = this._extensions['permessage-deflate'];
    if (codec === undefined) return true;
    const noContext = codec._isServer
      ? codec.params?.server_no_context_takeover
      : codec.params?.client_no_context_takeover;
    return !noContext || byteLength(payload) >= codec._threshold;
  }

  /** Frames the payload into the outlet's queue, or hands a large one on without copying it. */
  private write(
    data: Buffer | string,
    first: number,
    masked: boolean,
    callback: SendCallback | undefined
  ): void {
    if (typeof data === 'string') {
      if (!masked && data.length < COPY_MIN) {
        this.writeText(data, first);
        this.finish(callback);
        return;
      }
      data = Buffer.from(data);
    }

    const { outlet } = this;
    const { length } = data;
    const header = headerLength(length, masked);
    // Before memory is reserved: the user's function may throw, or send something itself.
    const key = masked ? frameKey(this._generateMask, this._maskBuffer) : 0;
    if (outlet.copies(length)) {
      const at = outlet.reserve(header + length);
      this.encode(outlet.memory, at, data, first, masked, key);
      this.finish(callback);
    } else if (masked) {
      const whole = Buffer.allocUnsafeSlow(header + length);
      this.encode(whole, 0, data, first, true, key);
      outlet.writeThrough([whole], callback);
    } else {
      const head = Buffer.allocUnsafe(header);
      writeHeader(head, 0, first, length, false);
      outlet.writeThrough([head, data], callback);
    }
  }

  private writeText(text: string, first: number): void {
    const { outlet } = this;
    const repeated = repeatedTextFrame(text, first);
    if (repeated !== null) {
      const at = outlet.reserve(repeated.length);
      copy(repeated, outlet.memory, at);
      return;
    }
    if (isShortAscii(text)) {
      const { length } = text;
      const at = outlet.reserve(2 + length);
      const { memory } = outlet;
      memory[at] = first;
      memory[at + 1] = length;
      for (let i = 0; i < length; i++) memory[at + 2 + i] = text.charCodeAt(i);
      return;
    }
    const length = Buffer.byteLength(text);
    const at = outlet.reserve(headerLength(length, false) + length);
    const start = writeHeader(outlet.memory, at, first, length, false);
    outlet.memory.write(text, start, length, 'utf8');
  }

  private encode(
    target: Buffer,
    offset: number,
    data: Buffer,
    first: number,
    masked: boolean,
    key: number
  ): void {
    const at = writeHeader(target, offset, first, data.length, masked);
    if (masked) {
      this.masking.mask(data, key, target, writeKey(target, at, key));
    } else {
      copy(data, target, at);
    }
  }

  private finish(callback: SendCallback | undefined): void {
    if (typeof callback === 'function') this.outlet.onFlushed(callback);
    this.outlet.commit();
  }

  private queue(
    data: Buffer | string | Blob,
    first: number,
    masked: boolean,
    compress: boolean,
    callback: SendCallback | undefined
  ): void {
    // It is looked at later, and the caller may rewrite it meanwhile.
    if (Buffer.isBuffer(data) && data.length < COPY_MIN) data = Buffer.from(data);
    const job: Job = { data, first, masked, compress, byteLength: byteLength(data), callback };
    this._bufferedBytes += job.byteLength;
    if (this._state === State.Ready) this.start(job);
    else (this._queue ??= []).push(job);
  }

  /** Starts jobs until one has to be waited for. */
  private start(job: Job | undefined): void {
    for (; job !== undefined; job = this._queue?.shift()) {
      if (isBlobPayload(job.data)) return this.readBlob(job, job.data);
      if (job.compress) return this.deflate(job, job.data);
      this._bufferedBytes -= job.byteLength;
      this.write(job.data, job.first, job.masked, job.callback);
    }
  }

  private readBlob(job: Job, blob: Blob): void {
    this._state = State.ReadingBlob;
    blob
      .arrayBuffer()
      .then((content) => {
        if (this.outlet.destroyed) {
          const error = new Error('The socket was closed while the blob was being read');
          // Out of the promise chain: what a callback throws is an exception, not a rejection.
          process.nextTick(abandon, this, error, job);
          return;
        }
        this._state = State.Ready;
        this.start({ ...job, data: toBuffer(content) });
      })
      .catch((error: Error) => process.nextTick(blobFailed, this, error, job));
  }

  private codec(): Codec {
    return this._extensions['permessage-deflate']!;
  }

  private deflate(job: Job, data: Buffer | string): void {
    this._state = State.Deflating;
    const fin = (job.first & FIN) !== 0;
    this.codec().compress(data, fin, (_error, compressed) => {
      if (this.outlet.destroyed) {
        this.abandon(new Error('The socket was closed while data was being compressed'), job);
        return;
      }
      this._bufferedBytes -= job.byteLength;
      this._state = State.Ready;
      this.write(compressed, job.first, job.masked, job.callback);
      if (this._state === State.Ready) this.start(this._queue?.shift());
    });
  }

  /** Tells everyone who waits that nothing more will be sent. */
  abandon(error: Error, job: Job): void {
    for (const { callback } of [job, ...(this._queue ?? [])]) {
      if (typeof callback === 'function') callback(error);
    }
  }
}

// What few connections have is no field of the others.
Outgoing.prototype._generateMask = undefined;
Outgoing.prototype._maskBuffer = undefined;

function abandon(outgoing: Outgoing, error: Error, job: Job): void {
  outgoing.abandon(error, job);
}

function blobFailed(outgoing: Outgoing, error: Error, job: Job): void {
  outgoing.abandon(error, job);
  outgoing.onerror(error);
}

function closeBody(code: number | undefined, data: string | Buffer | undefined): Buffer {
  if (code === undefined) return EMPTY;
  if (typeof code !== 'number' || !isValidStatusCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }
  const hasReason = data !== undefined && data.length > 0;
  const length = hasReason ? Buffer.byteLength(data) : 0;
  if (length > 123) throw new RangeError('The message must not be greater than 123 bytes');

  const body = Buffer.allocUnsafe(2 + length);
  body.writeUInt16BE(code, 0);
  if (!hasReason) return body;
  if (typeof data === 'string') body.write(data, 2);
  // Nothing but bytes: other views have a length that is not their byte length.
  else if (data instanceof Uint8Array) body.set(data, 2);
  else throw new TypeError('Second argument must be a string or a Uint8Array');
  return body;
}

function isBlobPayload(payload: Buffer | string | Blob): payload is Blob {
  return typeof payload === 'object' && !ArrayBuffer.isView(payload);
}

function byteLength(payload: Buffer | string | Blob): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return isBlobPayload(payload) ? payload.size : payload.length;
}
