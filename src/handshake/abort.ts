/** Ends of a client's opening handshake that failed. */

import type { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Extensions } from '../endpoint/contract.js';
import type { SetSocketOptions } from './options.js';
import { CLOSING } from './ready-state.js';

/** The part of a `WebSocket` that its opening handshake reads and writes. */
export interface ClientHandshakeHost extends EventEmitter {
  readonly readyState: number;
  readonly url: string;
  _readyState: number;
  _url: string | undefined;
  _protocol: string;
  _extensions: Extensions;
  /** The request under way, until it is answered. */
  _req: ClientRequest | null;
  /** How many redirects have been followed. */
  _redirects: number;
  _errorEmitted: boolean;
  emitClose(): void;
  setSocket(socket: Duplex, head: Buffer, options: SetSocketOptions): void;
}

const abortedRequests = new WeakSet<ClientRequest>();

/**
 * Gives up the handshake: destroys `stream`, the request before its answer or the socket after it,
 * then emits 'error' with `message`, and 'close'. Both come after this call has returned.
 */
export function abortHandshake(
  websocket: ClientHandshakeHost,
  stream: ClientRequest | Duplex,
  message: string
): void {
  websocket._readyState = CLOSING;

  const error = new Error(message);
  Error.captureStackTrace(error, abortHandshake);

  if (isRequest(stream)) {
    abortRequest(stream);
    process.nextTick(emitErrorAndClose, websocket, error);
    return;
  }

  stream.destroy(error);
  stream.once('error', (cause: Error) => websocket.emit('error', cause));
  stream.once('close', () => websocket.emitClose());
}

/** Whether `abortHandshake` was called with `request`, whose own error then is of no interest. */
export function isAborted(request: ClientRequest): boolean {
  return abortedRequests.has(request);
}

export function emitErrorAndClose(websocket: ClientHandshakeHost, error: Error): void {
  websocket._readyState = CLOSING;
  websocket._errorEmitted = true;
  websocket.emit('error', error);
  websocket.emitClose();
}

/** As in ws, whatever can set a header is a request: the caller may have wrapped it. */
function isRequest(stream: ClientRequest | Duplex): stream is ClientRequest {
  return !!(stream as ClientRequest).setHeader;
}

function abortRequest(request: ClientRequest): void {
  abortedRequests.add(request);
  request.abort();

  // Once it was answered, aborting a request leaves its socket open.
  if (request.socket && !request.socket.destroyed) request.socket.destroy();
}
