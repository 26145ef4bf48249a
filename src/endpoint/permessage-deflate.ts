import { constants } from 'node:zlib';
import type { Codec, DeflateParameters } from './contract.js';
import {
  acceptAsClient,
  acceptAsServer,
  normalize,
  offer,
  type Configuration,
  type PerMessageDeflateOptions
} from './deflate-parameters.js';
import { Deflater } from './portable/deflater.js';
import { Inflater } from './portable/inflater.js';
import { Limiter } from './portable/limiter.js';
import { ZlibJobs } from './portable/zlib-jobs.js';

type Callback = (error: Error | null, data: Buffer) => void;

/**
 * One for the whole process, because what it limits is use of the process's thread pool and
 * fragmentation of the process's memory.
 */
let limiter: Limiter | undefined;

/**
 * The permessage-deflate extension (RFC 7692) of one connection: negotiates its parameters, then
 * compresses and decompresses messages with Node's zlib. The first instance of the process decides
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

  private deflating: ZlibJobs<Deflater> | null = null;
  private inflating: ZlibJobs<Inflater> | null = null;

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
    if (this.deflating === null) {
      const [windowBits, takeover] = this.contextOf(this._isServer);
      const side = new Deflater(this._options.zlibDeflateOptions, windowBits, takeover);
      this.deflating = new ZlibJobs(side, limiter!);
    }
    this.deflating.add(data, fin, callback);
  }

  /**
   * Decompresses a message, or a fragment of one, which is the last if `fin`. The callback is never
   * called synchronously, nor after `cleanup`; its error carries the status code 1007 for corrupt
   * data, and 1009 when the result would be longer than the limit, which is noticed on the way.
   */
  decompress(data: Buffer, fin: boolean, callback: Callback): void {
    if (this.inflating === null) {
      const [windowBits, takeover] = this.contextOf(!this._isServer);
      const { zlibInflateOptions } = this._options;
      const side = new Inflater(zlibInflateOptions, windowBits, takeover, () => this._maxPayload);
      this.inflating = new ZlibJobs(side, limiter!);
    }
    this.inflating.add(data, fin, callback);
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

  /** The window and whether context is taken over, in what the server or the client compresses. */
  private contextOf(server: boolean): [windowBits: number, takeover: boolean] {
    const params = this.params!;
    const bits = server ? params.server_max_window_bits : params.client_max_window_bits;
    const none = server ? params.server_no_context_takeover : params.client_no_context_takeover;
    return [typeof bits === 'number' ? bits : constants.Z_DEFAULT_WINDOWBITS, !none];
  }
}
