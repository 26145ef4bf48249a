import { constants, type ZlibOptions } from 'node:zlib';
import { CodecJobs } from './codec-jobs.js';
import type { Codec, DeflateEngine, DeflateParameters, SideOptions } from './contract.js';
import {
  acceptAsClient,
  acceptAsServer,
  normalize,
  offer,
  type Configuration,
  type PerMessageDeflateOptions
} from './deflate-parameters.js';
import { Limiter } from './limiter.js';
import { zlibEngine } from './portable/zlib-engine.js';

type Callback = (error: Error | null, data: Buffer) => void;

/**
 * One for the whole process, because what it limits is use of the process's thread pool and
 * fragmentation of the process's memory.
 */
let limiter: Limiter | undefined;

let engine: DeflateEngine = zlibEngine;

/** What compresses and decompresses from now on; Node's zlib where it cannot. */
export function useDeflateEngine(other: DeflateEngine): void {
  engine = other;
}

/** Milliseconds after which an idle connection gives up its compressor. */
const IDLE_TIMEOUT = 5000;

/**
 * The permessage-deflate extension (RFC 7692) of one connection: negotiates its parameters, then
 * compresses and decompresses messages. The first instance of the process decides
 * how many jobs may be on the thread pool at the same time (`concurrencyLimit`, 10 by default).
 */
export class PerMessageDeflate implements Codec {
  static get extensionName(): 'permessage-deflate' {
    return 'permessage-deflate';
  }

  _options: PerMessageDeflateOptions;
  /** Messages with fewer bytes are not compressed when context takeover is off. */
  _threshold: number;
  /** Limit of what one call of `decompress` gives, in bytes; 0 means none. */
  _maxPayload: number;
  _isServer: boolean;
  /** What was negotiated; null until `accept` has returned. */
  params: DeflateParameters | null = null;

  private deflating: CodecJobs | null = null;
  private inflating: CodecJobs | null = null;

  constructor(options?: PerMessageDeflateOptions) {
    this._options = options || {};
    const { threshold, maxPayload, isServer, concurrencyLimit } = this._options;
    this._threshold = threshold !== undefined ? threshold : 1024;
    this._maxPayload = (maxPayload as number) | 0;
    this._isServer = !!isServer;
    limiter ??= new Limiter(concurrencyLimit !== undefined ? concurrencyLimit : 10);
  }

  /** The zlib stream that is compressing, or keeps the context to; else null. */
  get _deflate(): unknown {
    return this.deflating?.side.engine ?? null;
  }

  /** The zlib stream that is decompressing, or keeps the context to; else null. */
  get _inflate(): unknown {
    return this.inflating?.side.engine ?? null;
  }

  /** The parameters of a client's offer. */
  offer(): Record<string, true | number> {
    return offer(this._options);
  }

  /**
   * Agrees on parameters: takes what the peer's `Sec-WebSocket-Extensions` header says about the
   * extension and returns what is kept as `params`. Throws when it is malformed or unacceptable.
   */
  accept(configurations: Configuration[]): DeflateParameters {
    const parameters = this.normalizeParams(configurations);
    return (this.params = this._isServer
      ? this.acceptAsServer(parameters)
      : this.acceptAsClient(parameters));
  }

  acceptAsServer(offers: DeflateParameters[]): DeflateParameters {
    return acceptAsServer(this._options, offers);
  }

  acceptAsClient(response: DeflateParameters[]): DeflateParameters {
    return acceptAsClient(this._options, response);
  }

  normalizeParams(configurations: Configuration[]): DeflateParameters[] {
    return normalize(configurations, this._isServer);
  }

  /**
   * Compresses a message, or a fragment of one, which is the last if `fin`. The callback is never
   * called synchronously; calls are worked off in order. Throws what zlib says about its options.
   */
  compress(data: Buffer | string, fin: boolean, callback: Callback): void {
    // What `compressNow` makes of a text may be shared with others; the callback's data never is.
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    (this.deflating ??= this.openDeflating()).add(bytes, fin, callback);
  }

  /**
   * Decompresses a message, or a fragment of one, which is the last if `fin`. The callback is never
   * called synchronously, nor after `cleanup`; its error carries the status code 1007 for corrupt
   * data, and 1009 when the result would be longer than the limit, which is noticed on the way.
   */
  decompress(data: Buffer, fin: boolean, callback: Callback): void {
    (this.inflating ??= this.openInflating()).add(data, fin, callback);
  }

  /**
   * As `compress`, if it can be done at once; else null. The result is for reading only: equal texts
   * may have one in common. Throws as `compress`.
   */
  compressNow(data: Buffer | string, fin: boolean): Buffer | null {
    const result = (this.deflating ??= this.openDeflating()).now(data, fin);
    if (result instanceof Error) throw result;
    return result;
  }

  /** As `decompress`, if it can be done at once; else null, and the same has to be decompressed. */
  decompressNow(data: Buffer, fin: boolean): Buffer | Error | null {
    return (this.inflating ??= this.openInflating()).now(data, fin);
  }

  /**
   * Compresses a whole message without context, to be sent on every connection with equal parameters,
   * each of which has to `dropContext` then. Null where that cannot be done.
   */
  compressApart(data: Buffer): Buffer | null {
    const { side } = (this.deflating ??= this.openDeflating());
    const block = side.apart?.(data) ?? null;
    return block instanceof Error ? null : block;
  }

  /**
   * What is compressed next refers to nothing before it: the peer has been sent a block in between
   * that this instance has not seen, from which distances would be counted wrongly.
   */
  dropContext(): void {
    this.deflating?.side.dropContext?.();
  }

  /**
   * Frees everything, in any state. Compressions that have not called back yet do so now, with an
   * error; decompressions never will.
   */
  cleanup(): void {
    const { deflating, inflating } = this;
    this.deflating = this.inflating = null;
    inflating?.close();
    for (const callback of deflating?.close() ?? []) {
      const error = new Error('The deflate stream was closed while data was being processed');
      callback(error, undefined as never);
    }
  }

  private openDeflating(): CodecJobs {
    const { zlibDeflateOptions, idleTimeout = IDLE_TIMEOUT } = this._options;
    const options = this.sideOptions(this._isServer, zlibDeflateOptions);
    const idle = idleTimeout > 0 ? idleTimeout : Infinity;
    const side = engine.createDeflater(options, idle) ?? zlibEngine.createDeflater(options, idle)!;
    return new CodecJobs(side, limiter!);
  }

  private openInflating(): CodecJobs {
    const options = this.sideOptions(!this._isServer, this._options.zlibInflateOptions);
    const limit = () => this._maxPayload;
    const side =
      engine.createInflater(options, limit) ?? zlibEngine.createInflater(options, limit)!;
    return new CodecJobs(side, limiter!);
  }

  /** What was agreed on for what the server or the client compresses. */
  private sideOptions(server: boolean, zlib: ZlibOptions | undefined): SideOptions {
    const params = this.params!;
    const bits = server ? params.server_max_window_bits : params.client_max_window_bits;
    const none = server ? params.server_no_context_takeover : params.client_no_context_takeover;
    const windowBits = typeof bits === 'number' ? bits : constants.Z_DEFAULT_WINDOWBITS;
    return { zlib, windowBits, takeover: !none };
  }
}
