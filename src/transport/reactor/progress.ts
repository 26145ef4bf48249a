/** How far the kernel is with what connections of the reactor send, and whose callbacks are due. */

import type { SendCallback } from '../../endpoint/contract.js';
import type { NativeReactor } from '../../endpoint/native/binding.js';
import type { Outbox, Sending } from './outbox.js';

/** What a connection needs of the reactor that carries it. */
export interface Carrier {
  readonly native: NativeReactor;
  readonly outbox: Outbox;
  /** The connection is over for the reactor, whose descriptor may be closed. */
  remove(id: number): void;
  /** One connection more, or less, that keeps the event loop going. */
  keepAlive(change: 1 | -1): void;
  /** Delivers what was fed in the next turn of the tick queue, as a socket that is resumed would. */
  pollSoon(): void;
}

/** A callback of bytes up to a position in everything that was given to be sent. */
interface Pending {
  position: number;
  callback: SendCallback;
}

/** The sending half of a connection. */
export interface Progress extends Sending {
  readonly id: number;
  readonly reactor: Carrier;
  /** Bytes in the outbox. */
  outboxed: number;
  /** Everything given to the reactor so far. */
  total: number;
  /** While blocked: how much of it the kernel has taken. */
  acked: number;
  blocked: boolean;
  pending: Pending[] | null;
  /** To be called once the kernel has taken everything. */
  finalCallback: (() => void) | null;
}

/** Gives bytes to the reactor, and tells whether the kernel has taken them all. */
export function give(connection: Progress, a: Buffer, b?: Buffer): boolean {
  const length = a.length + (b === undefined ? 0 : b.length);
  connection.total += length;
  if (connection.reactor.native.send(connection.id, a, b) === length) return true;
  measure(connection);
  return false;
}

/** Finds out how much the kernel has taken. */
export function measure(connection: Progress): void {
  connection.acked = connection.reactor.native.written(connection.id);
  connection.blocked = connection.acked < connection.total - connection.outboxed;
}

/** Has `callback` called when the kernel has everything that was given so far. */
export function callWhenTaken(connection: Progress, callback: SendCallback): void {
  (connection.pending ??= []).push({ position: connection.total, callback });
}

/** Has those called back whose bytes the kernel has. */
export function settle(connection: Progress): void {
  const { pending } = connection;
  if (pending !== null) {
    const acked = connection.blocked ? connection.acked : connection.total - connection.outboxed;
    let count = 0;
    while (count < pending.length && pending[count].position <= acked) {
      connection.reactor.outbox.callLater(pending[count++].callback, null);
    }
    if (count > 0) pending.splice(0, count);
  }
  if (!connection.blocked && connection.finalCallback !== null) {
    const last = connection.finalCallback;
    connection.finalCallback = null;
    last();
  }
}

/** Runs `last` when the kernel has taken everything. */
export function whenWritten(connection: Progress, last: () => void): void {
  if (connection.outboxed > 0) connection.reactor.outbox.send();
  if (connection.blocked) connection.finalCallback = last;
  else last();
}

/** Has everybody called back whose bytes will not be sent any more. */
export function failPending(connection: Progress, cause: Error | null | undefined): void {
  const { pending, finalCallback } = connection;
  connection.pending = null;
  connection.finalCallback = null;
  if (pending !== null && pending.length > 0) {
    const error = cause ?? destroyedError();
    for (const { callback } of pending) connection.reactor.outbox.callLater(callback, error);
  }
  finalCallback?.();
}

export function bytes(data: Buffer | string): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

/** As Node's streams have it. */
export function destroyedError(): Error {
  return Object.assign(new Error('Cannot call write after a stream was destroyed'), {
    code: 'ERR_STREAM_DESTROYED'
  });
}
