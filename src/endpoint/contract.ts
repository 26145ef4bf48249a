/**
 * An endpoint is one side of one connection without I/O (RFC 6455 §5–7, RFC 7692): bytes in become
 * messages, pings, pongs, a close or an error; messages out become bytes. It knows no socket and no
 * timer. Its incoming half is the contract below; what differs between the portable and the native
 * endpoint on the way out is only how bytes are masked (`Masking`).
 */

import type { ZlibOptions } from 'node:zlib';

/** The type in which binary messages are delivered. */
export type BinaryType = 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';

export type MessageData = Buffer | ArrayBuffer | Buffer[] | Blob;

/** Negotiated extensions by name, as in ws: `ws._extensions`. */
export interface Extensions {
  'permessage-deflate'?: Codec;
}

/**
 * permessage-deflate (RFC 7692) as the endpoint sees it. Implemented by the exported
 * `PerMessageDeflate`. Jobs of one direction are never started before the one before has called back.
 */
export interface Codec {
  readonly params: DeflateParameters | null;
  /** Bytes below which a message is not compressed when context takeover is off. */
  readonly _threshold: number;
  readonly _isServer: boolean;
  compress(
    data: Buffer | string,
    fin: boolean,
    callback: (error: Error | null, data: Buffer) => void
  ): void;
  decompress(
    data: Buffer,
    fin: boolean,
    callback: (error: Error | null, data: Buffer) => void
  ): void;
  /** Releases everything; a pending compression is called back with an error. */
  cleanup(): void;
  /**
   * As `compress`, at once. Null when that is not possible now: jobs are pending, or it would take
   * long. The result is for reading only. A codec without it is asked by `compress`.
   */
  compressNow?(data: Buffer | string, fin: boolean): Buffer | null;
  /** As `decompress`, at once, with the error as result. Null when that is not possible now. */
  decompressNow?(data: Buffer, fin: boolean): Buffer | Error | null;
}

export type CodecCallback = (error: Error | null, data: Buffer) => void;

/** One direction of one connection's permessage-deflate. */
export interface CodecSide {
  /** What holds the context, if anything does now: shown as ws's `_deflate` and `_inflate`. */
  readonly engine: unknown;
  /**
   * The result, or the error, where working it out here and now costs less than the way to the
   * thread pool; else null. That of a text may be shared.
   */
  now(data: Buffer | string, fin: boolean): Buffer | Error | null;
  /** Starts the work on the thread pool; the callback comes later, and not after `close`. */
  later(data: Buffer, fin: boolean, callback: CodecCallback): void;
  /**
   * Compresses a whole message without context: good for every connection with equal options, each
   * of which has to `dropContext` when it sends it.
   */
  apart?(data: Buffer): Buffer | Error;
  /** What comes next refers to nothing before it: its peer has seen what it has not. */
  dropContext?(): void;
  /** Frees everything, in any state. It may be used again. */
  close(): void;
}

/** What a side is made from. */
export interface SideOptions {
  /** The options of zlib's that the user has given. */
  readonly zlib: ZlibOptions | undefined;
  readonly windowBits: number;
  /** Whether messages may refer back to those before them. */
  readonly takeover: boolean;
}

/** What compresses and decompresses. */
export interface DeflateEngine {
  readonly name: string;
  /** `idleTimeout` is in milliseconds. Null when it cannot do what the options say. */
  createDeflater(options: SideOptions, idleTimeout: number): CodecSide | null;
  /** `maxPayload` is asked before each frame; 0 means no limit. Null as well when it cannot. */
  createInflater(options: SideOptions, maxPayload: () => number): CodecSide | null;
}

/** How many there are of what costs memory, in this thread. */
export interface DeflateStatistics {
  /** Connections that have compressed, and that have decompressed. */
  readonly deflaters: number;
  readonly inflaters: number;
  /** Compressors of zlib's, each some hundred KiB, and those for short messages, each 40 KiB. */
  readonly compressors: number;
  readonly shortCompressors: number;
  /** How many of both keep a connection's context. */
  readonly contexts: number;
  /** Decompressors, each some ten KiB. */
  readonly decompressors: number;
  /** What is kept of received messages for the next ones to refer back to. */
  readonly historyBytes: number;
  /** Jobs on the thread pool. */
  readonly jobs: number;
}

export interface DeflateParameters {
  server_no_context_takeover?: boolean;
  client_no_context_takeover?: boolean;
  server_max_window_bits?: number;
  client_max_window_bits?: number | true;
}

export interface IncomingOptions {
  allowSynchronousEvents?: boolean;
  binaryType?: BinaryType;
  extensions?: Extensions;
  /** Role: a server expects masked frames, a client unmasked ones (RFC 6455 §5.1). */
  isServer?: boolean;
  /** Limits; 0 means none. */
  maxBufferedChunks?: number;
  maxFragments?: number;
  maxPayload?: number;
  skipUTF8Validation?: boolean;
}

/** What the incoming half of an endpoint reports. Buffers belong to the receiver of the call. */
export interface IncomingHandler {
  onMessage(data: MessageData, isBinary: boolean): void;
  onPing(data: Buffer): void;
  onPong(data: Buffer): void;
  /** The peer's close frame: 1005 when it carried no code. `reason` may be a view of a read chunk. */
  onConclude(code: number, reason: Buffer): void;
  /** The peer broke the protocol or a limit; nothing is reported after it. Never called synchronously. */
  onError(error: Error): void;
  /** `write` had returned false and the bytes given since have been worked off. */
  onDrain(): void;
  /** `end` was called and everything written before it has been delivered. Never called synchronously. */
  onFinish(): void;
}

/** The incoming half of an endpoint. */
export interface Incoming {
  /**
   * Takes the next bytes from the peer, which from now on belong to the endpoint (they are unmasked
   * in place). Returns false when the caller should stop reading until `onDrain`.
   */
  write(chunk: Buffer): boolean;
  /** No bytes will follow. */
  end(): void;
  /** Whether `onError` has been called. */
  readonly errored: boolean;
  /** Whether `onFinish` has been called. */
  readonly finished: boolean;
  /** Whether the last `write` returned false and `onDrain` has not been called since. */
  readonly needsDrain: boolean;
  /** May be changed at any time. */
  _binaryType: BinaryType;
  _maxPayload: number;
}

/**
 * XOR with a masking key (RFC 6455 §5.3). The key is a 32-bit integer whose lowest byte is the first
 * byte on the wire. Any length, any alignment.
 */
export interface Masking {
  /** What does the work: shown by `backend.masking`. */
  readonly name: string;
  /** XORs `buffer` in place. */
  unmask(buffer: Buffer, key: number): void;
  /** Writes all of `source`, XORed, to `output` at `offset`. */
  mask(source: Buffer, key: number, output: Buffer, offset: number): void;
}

/** Every outlet copies payloads that are shorter. */
export const COPY_MIN = 8 * 1024;

/**
 * Where the outgoing half of an endpoint puts frames: the part of a transport that it sees. Bytes are
 * either written into the queue (`reserve`, then the bytes, then `onFlushed` if wanted, then `commit`)
 * or handed over by reference (`writeThrough`).
 */
export interface Outlet {
  /** Whether a payload of this length had better be copied into the queue than handed over. */
  copies(length: number): boolean;
  /**
   * Makes room for `length` bytes at the end of the queue and returns the offset in `memory` where
   * they have to be written, before anything else of this process runs.
   */
  reserve(length: number): number;
  /** The memory of the last `reserve`. */
  readonly memory: Buffer;
  /** Calls back, in order, when the kernel has taken everything queued so far, or with the error. */
  onFlushed(callback: SendCallback): void;
  /** The bytes of the last `reserve` are complete: they may leave. */
  commit(): void;
  /**
   * Writes what is queued and then `list` at once, without copying it. The memory must stay
   * unchanged until `callback`.
   */
  writeThrough(list: readonly (Buffer | string)[], callback?: SendCallback): void;
  /** Whether the socket under it is gone. */
  readonly destroyed: boolean;
}

export type SendCallback = (error?: Error | null) => void;
