/** Which endpoint and transport this process uses, decided once, at load. */

import type { Duplex } from 'node:stream';
import type { Incoming, IncomingHandler, IncomingOptions } from './endpoint/contract.js';
import { masking } from './endpoint/portable/masking.js';
import { Parser } from './endpoint/portable/parser.js';
import type { Transport, TransportHandler } from './transport/contract.js';
import { StreamTransport } from './transport/stream.js';

export interface Backend {
  readonly endpoint: 'portable' | 'native';
  /** The transport of connections that any transport could carry. */
  readonly transport: 'stream' | 'reactor';
  /** What masks and unmasks. */
  readonly masking: string;
  /** Why it is not something faster. */
  readonly reason: string;
}

export const backend: Backend = Object.freeze({
  endpoint: 'portable',
  transport: 'stream',
  masking: masking.name,
  reason: process.env.WS_NO_NATIVE ? 'WS_NO_NATIVE is set' : 'there is no native endpoint'
});

export function createIncoming(options: IncomingOptions, handler: IncomingHandler): Incoming {
  return new Parser(options, handler);
}

export function createTransport(
  socket: Duplex,
  handler: TransportHandler,
  coalesce: boolean
): Transport {
  return new StreamTransport(socket, handler, coalesce);
}
