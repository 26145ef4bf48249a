import { expect } from 'vitest';
import type { NativeReactor } from '../../../src/endpoint/native/binding.js';
import { connectRaw, openRaw, type RawConnection } from '../../contract/raw-peer.js';
import type { WebSocket } from '../../contract/library.js';

/** The reactor of this thread. Fails if the connection is not carried by it. */
export function reactorOf(ws: WebSocket): NativeReactor {
  const { transport } = (ws as any)._connection;
  expect(transport.constructor.name).toMatch(/^(Reactor|Lean)Transport$/);
  return transport.reactor.native;
}

/** What the reactor has done so far. */
export function statsOf(ws: WebSocket) {
  const [connections, waits, reads, writes, changes, wakes] = reactorOf(ws).stats();
  return { connections, waits, reads, writes, changes, wakes };
}

/** The name of what carries a connection. */
export const transportOf = (ws: WebSocket): string =>
  (ws as any)._connection.transport.constructor.name;

/** Node's socket of a connection. */
export const socketOf = (ws: WebSocket) => (ws as any)._socket as import('node:net').Socket;

/** Connections of one server, whose peers are bytes. */
export async function openRaws(count: number, options: object = {}): Promise<RawConnection[]> {
  const first = await openRaw('server', options);
  const all = [first];
  while (all.length < count) all.push(await connectRaw(first.wss!));
  return all;
}

/** Waits, turn by turn of the event loop, until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
