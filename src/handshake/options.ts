/** The options of clients and servers, and their defaults. */

import type { IncomingMessage, Server as HttpServer, ClientRequest } from 'node:http';
import type { RequestOptions, Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Extensions } from '../endpoint/contract.js';
import type { PerMessageDeflateOptions } from '../endpoint/deflate-parameters.js';
import type { TransportChoice } from '../transport/contract.js';

/** Fills the four bytes of a masking key. */
export type GenerateMask = (mask: Buffer) => void;

/** What a connection needs to know when it gets its socket. Limits: 0 or undefined means none. */
export interface SetSocketOptions {
  allowSynchronousEvents?: boolean;
  generateMask?: GenerateMask;
  maxBufferedChunks?: number;
  maxFragments?: number;
  maxPayload?: number;
  skipUTF8Validation?: boolean;
  /** `false` writes every frame at once instead of one write per batch. */
  coalesce?: boolean;
  transport?: TransportChoice;
}

/** What both roles accept. */
export interface ConnectionOptions {
  allowSynchronousEvents?: boolean;
  autoPong?: boolean;
  closeTimeout?: number;
  coalesce?: boolean;
  maxBufferedChunks?: number;
  maxFragments?: number;
  maxPayload?: number;
  maxPendingAutoPongs?: number;
  perMessageDeflate?: boolean | PerMessageDeflateOptions;
  skipUTF8Validation?: boolean;
  transport?: TransportChoice;
}

export interface ClientOptions extends ConnectionOptions, RequestOptions {
  /** Takes over from `request.end()`; it has to call that itself. */
  finishRequest?(request: ClientRequest, websocket: unknown): void;
  followRedirects?: boolean;
  generateMask?: GenerateMask;
  handshakeTimeout?: number;
  maxRedirects?: number;
  origin?: string;
  protocolVersion?: number;
  /** Read by the `WebSocket` constructor when it is given no subprotocols of its own. */
  protocols?: string | string[];
}

/** A client's options with every default in place, and those of its HTTP request. */
export type ResolvedClientOptions = ClientOptions & typeof CLIENT_DEFAULTS;

/** What a server needs of the class given as `options.WebSocket`. */
export interface AcceptedWebSocket {
  _protocol: string;
  _extensions: Extensions;
  setSocket(socket: Duplex, head: Buffer, options: SetSocketOptions): void;
  on(event: 'close', listener: () => void): unknown;
}

/** What `verifyClient` is told. */
export interface ClientInformation {
  origin: string;
  secure: boolean;
  req: IncomingMessage;
}

export type VerifyClient =
  | ((info: ClientInformation) => boolean)
  | ((info: ClientInformation, callback: VerifyClientCallback) => void);

export type VerifyClientCallback = (
  verified: boolean,
  code?: number,
  message?: string,
  headers?: Record<string, string>
) => void;

export interface ServerOptions extends ConnectionOptions {
  backlog?: number | null;
  clientTracking?: boolean;
  handleProtocols?:
    ((protocols: Set<string>, request: IncomingMessage) => string | false | undefined) | null;
  host?: string | null;
  noServer?: boolean;
  path?: string | null;
  port?: number | null;
  server?: HttpServer | HttpsServer | null;
  verifyClient?: VerifyClient | null;
  WebSocket?: new (
    address: null,
    protocols: undefined,
    options: ResolvedServerOptions
  ) => AcceptedWebSocket;
}

/** A server's options with every default in place. */
export type ResolvedServerOptions = ServerOptions & Required<Omit<ServerOptions, 'server'>>;

const CONNECTION_DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: 30_000,
  coalesce: true,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  skipUTF8Validation: false,
  transport: 'auto' as TransportChoice
};

export const CLIENT_DEFAULTS = {
  ...CONNECTION_DEFAULTS,
  followRedirects: false,
  maxRedirects: 10,
  perMessageDeflate: true as boolean | PerMessageDeflateOptions,
  protocolVersion: 13
};

/** All but `WebSocket`, which the server class knows. */
export const SERVER_DEFAULTS = {
  ...CONNECTION_DEFAULTS,
  backlog: null, // Node's own default
  clientTracking: true,
  handleProtocols: null,
  host: null,
  noServer: false,
  path: null,
  perMessageDeflate: false as boolean | PerMessageDeflateOptions,
  port: null,
  server: null,
  verifyClient: null
};

/** The part of a role's options that belongs to each of its connections. */
export function socketOptions(options: ConnectionOptions): SetSocketOptions {
  return {
    allowSynchronousEvents: options.allowSynchronousEvents,
    maxBufferedChunks: options.maxBufferedChunks,
    maxFragments: options.maxFragments,
    maxPayload: options.maxPayload,
    skipUTF8Validation: options.skipUTF8Validation,
    coalesce: options.coalesce,
    transport: options.transport
  };
}
