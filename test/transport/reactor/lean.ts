import { expect } from 'vitest';
import type { ClientOptions, ServerOptions } from '../../../src/handshake/options.js';
import type { LeanSocket } from '../../../src/transport/reactor/lean-socket.js';
import { openRaw, type RawConnection, type Role } from '../../contract/raw-peer.js';
import type { WebSocket } from '../../contract/library.js';

/** The name of what carries a connection. */
export const carrierOf = (ws: WebSocket): string =>
  (ws as any)._connection.transport.constructor.name;

/** What a lean connection has for a socket. */
export const leanSocketOf = (ws: WebSocket) => ws._socket as unknown as LeanSocket;

/** Opens a connection that is lean; its peer is bytes. */
export async function openLean(
  role: Role,
  options: ClientOptions & ServerOptions = {}
): Promise<RawConnection & { socket: LeanSocket }> {
  const raw = await openRaw(role, { ...options, transport: 'lean' });
  expect(carrierOf(raw.ws)).toBe('LeanTransport');
  return { ...raw, socket: leanSocketOf(raw.ws) };
}
