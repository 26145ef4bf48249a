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
import type { Transport, TransportChoice, TransportHandler } from './transport/contract.js';
import { Reactor } from './transport/reactor/reactor.js';
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

/** Both halves of a connection under its `WebSocket`. */
export interface ConnectionParts {
  readonly incoming: Incoming;
  readonly transport: Transport;
}

const { binding, reason } = loadNative();
const parsers = binding === null ? null : new NativeParsers(binding);
const { reactor, refusal } = startReactor();

const deflateEngine = binding === null ? null : new NativeDeflateEngine(binding);
if (deflateEngine !== null) useDeflateEngine(deflateEngine);

/** What masks outgoing frames. */
export const masking: Masking =
  binding === null
    ? portableMasking
    : (wrap('native', binding.mask, binding.unmask) ?? portableMasking);

const chosen = {
  endpoint: parsers === null ? 'portable' : 'native',
  transport: reactor === null ? 'stream' : 'reactor',
  masking: masking.name,
  deflate: deflateEngine?.name ?? 'zlib',
  reason: refusal === '' ? reason : `${reason}; no reactor: ${refusal}`
};
// Not among what is printed: it is no choice.
Object.defineProperty(chosen, 'deflateStatistics', {
  value: () => deflateEngine?.statistics ?? null
});
export const backend = Object.freeze(chosen) as Backend;
debuglog('ferrows')('%j', backend);

/** Joins what carries `socket` best, or Node's own reading and writing if that is asked for. */
export function createConnectionParts(
  socket: Duplex,
  options: IncomingOptions,
  handler: IncomingHandler & TransportHandler,
  coalesce: boolean,
  choice: TransportChoice | undefined
): ConnectionParts {
  const parts =
    reactor !== null && choice !== 'stream'
      ? reactor.take(socket, options, handler, coalesce, choice === 'lean')
      : null;
  return (
    parts ?? {
      incoming: createIncoming(options, handler),
      transport: new StreamTransport(socket, handler, coalesce)
    }
  );
}

export function createIncoming(options: IncomingOptions, handler: IncomingHandler): Incoming {
  return parsers === null ? new Parser(options, handler) : parsers.create(options, handler);
}

function startReactor(): { reactor: Reactor | null; refusal: string } {
  if (binding === null) return { reactor: null, refusal: '' };
  if (process.env.WS_NO_REACTOR) return { reactor: null, refusal: 'WS_NO_REACTOR is set' };
  try {
    return { reactor: new Reactor(binding), refusal: '' };
  } catch (error) {
    return { reactor: null, refusal: (error as Error).message };
  }
}
