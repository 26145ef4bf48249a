import type { Outlet } from '../endpoint/contract.js';

/**
 * Which transport may carry a connection: the best one available, always Node's socket, or, where
 * there is one, a transport that lets go of Node's socket.
 */
export type TransportChoice = 'auto' | 'stream' | 'lean';

/**
 * A transport moves bytes between an endpoint and a peer. It knows no frames.
 *
 * Outgoing bytes are coalesced: what is queued while a batch of incoming bytes is dispatched leaves
 * when that batch ends, anything else at the end of the current tick, as one write per connection.
 */
export interface Transport extends Outlet {
  /** A Duplex, or what has all of one that programs use of a connection's socket. */
  readonly socket: unknown;
  /** Writes what is queued now. */
  flush(): void;
  /** Bytes queued here or in the socket that the kernel has not taken. */
  readonly bufferedAmount: number;
  /** Starts reading; `head` are bytes of the peer that were read from the socket already. */
  open(head: Buffer): void;
  pause(): void;
  resume(): void;
  /** Bytes the peer sends from now on are read and thrown away. */
  discardIncoming(): void;
  /** Half-closes the connection after everything sent (RFC 6455 §7.1.1). */
  shutdown(): void;
  /** Drops the connection; what is queued is given to the kernel first. */
  destroy(): void;
}

/** What a transport reports to the connection it belongs to. */
export interface TransportHandler {
  /** Bytes of the peer, which belong to the handler. False: stop reading until `resume`. */
  onBytes(chunk: Buffer): boolean;
  /** The peer has half-closed. The transport does the same afterwards. */
  onEnd(): void;
  /** The socket has failed. The transport destroys it afterwards. */
  onBroken(): void;
  /** The socket is gone; `rest` are bytes that arrived but were not read. The last call. */
  onClosed(rest: Buffer | null): void;
}
