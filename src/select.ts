/** Which endpoint and transport this process uses, decided once, at load. */

import type { Duplex } from 'node:stream';
import { debuglog } from 'node:util';
import type {
  DeflateStatistics,
  Incoming,
  IncomingHandler,
  IncomingOptions,
  Masking
} from './endpoint/contract.js';
import { NativeDeflateEngine } from './endpoint/native/deflate-engine.js';
import { NativeParsers } from './endpoint/native/parser.js';
import { masking as portableMasking, wrap } from './endpoint/portable/masking.js';
import { Parser } from './endpoint/portable/parser.js';
import { useDeflateEngine } from './endpoint/permessage-deflate.js';
import { loadNative } from './load-native.js';
import type { Transport, TransportHandler } from './transport/contract.js';
import { StreamTransport } from './transport/stream.js';

export interface Backend {
  readonly endpoint: 'portable' | 'native';
  /** The transport of connections that any transport could carry. */
  readonly transport: 'stream' | 'reactor';
  /** What masks and unmasks. */
  readonly masking: string;
  /** What compresses and decompresses. */
  readonly deflate: string;
  /** What permessage-deflate holds in this thread; null where Node's zlib does it. */
  deflateStatistics(): DeflateStatistics | null;
  /** How it came to this choice. */
  readonly reason: string;
}

const { binding, reason } = loadNative();
const parsers = binding === null ? null : new NativeParsers(binding);

const deflateEngine = binding === null ? null : new NativeDeflateEngine(binding);
if (deflateEngine !== null) useDeflateEngine(deflateEngine);

/** What masks outgoing frames. */
export const masking: Masking =
  binding === null
    ? portableMasking
    : (wrap('native', binding.mask, binding.unmask) ?? portableMasking);

export const backend: Backend = Object.freeze({
  endpoint: parsers === null ? 'portable' : 'native',
  transport: 'stream',
  masking: masking.name,
  deflate: deflateEngine?.name ?? 'zlib',
  deflateStatistics: () => deflateEngine?.statistics ?? null,
  reason
});
debuglog('ferrows')('%j', backend);

export function createIncoming(options: IncomingOptions, handler: IncomingHandler): Incoming {
  return parsers === null ? new Parser(options, handler) : parsers.create(options, handler);
}

export function createTransport(
  socket: Duplex,
  handler: TransportHandler,
  coalesce: boolean
): Transport {
  return new StreamTransport(socket, handler, coalesce);
}
