import { EventEmitter } from 'node:events';
import { STATUS_CODES, createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Extensions } from '../endpoint/contract.js';
import { SERVER_DEFAULTS, socketOptions } from '../handshake/options.js';
import type { ResolvedServerOptions, ServerOptions } from '../handshake/options.js';
import {
  acceptedExtensions,
  checkRequest,
  extensionsHeader,
  offeredSubprotocols,
  refuseUpgrade,
  responseHeaders
} from '../handshake/server.js';
import type { Refusal } from '../handshake/server.js';
import { kWebSocket, RELEASED } from '../handshake/taken.js';
import { verifyClient } from '../handshake/verify-client.js';
import { WebSocket } from './websocket.js';

const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

type UpgradeCallback = (websocket: WebSocket, request: IncomingMessage) => void;

/** Accepts WebSocket connections on an HTTP server of its own, on a given one, or on request. */
export class WebSocketServer extends EventEmitter {
  readonly options: ResolvedServerOptions;
  /** The open connections, unless `clientTracking` is off. */
  declare clients?: Set<WebSocket>;
  declare _server?: Server | null;
  declare _removeListeners?: (() => void) | null;
  declare _shouldEmitClose?: boolean;
  /** Takes a WebSocket that has closed out of `clients`. */
  private readonly _forget: (this: WebSocket) => void;
  _state: typeof RUNNING | typeof CLOSING | typeof CLOSED;

  /** `callback` is called when the server of its own (option `port`) listens. */
  constructor(options?: ServerOptions, callback?: () => void) {
    super();

    const resolved = { ...SERVER_DEFAULTS, WebSocket, ...options } as ResolvedServerOptions;
    const hasPort = resolved.port != null;

    if ([hasPort, resolved.server, resolved.noServer].filter(Boolean).length !== 1) {
      throw new TypeError(
        'One and only one of the "port", "server", or "noServer" options must be specified'
      );
    }

    if (hasPort) {
      this._server = createServer(requireUpgrade);
      this._server.listen(resolved.port!, resolved.host!, resolved.backlog!, callback);
    } else if (resolved.server) {
      this._server = resolved.server;
    }

    if (this._server) this._removeListeners = this._listenTo(this._server);

    if (resolved.perMessageDeflate === true) resolved.perMessageDeflate = {};
    if (resolved.clientTracking) {
      this.clients = new Set();
      this._shouldEmitClose = false;
    }

    // One listener for all of them.
    const server = this;
    this._forget = function (this: WebSocket) {
      const { clients } = server;
      clients?.delete(this);
      if (server._shouldEmitClose && !clients?.size) process.nextTick(emitClose, server);
    };
    this.options = resolved;
    this._state = RUNNING;
  }

  /** Where the HTTP server listens: a path as a string; null when there is no server any more. */
  address(): AddressInfo | string | null {
    if (this.options.noServer) throw new Error('The server is operating in "noServer" mode');
    return this._server ? this._server.address() : null;
  }

  /**
   * Accepts no more connections. 'close' is emitted, and `callback` called, when those that are open
   * have ended; it is for the caller to close them.
   */
  close(callback?: (error?: Error) => void): void {
    if (this._state === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('The server is not running')));
      process.nextTick(emitClose, this);
      return;
    }

    if (callback) this.once('close', callback);
    if (this._state === CLOSING) return;
    this._state = CLOSING;

    const server = this._server;
    if (server) {
      this._removeListeners!();
      this._removeListeners = this._server = null;
    }

    if (!this.options.noServer && !this.options.server) {
      // Its own HTTP server closes after the last connection.
      server!.close(() => emitClose(this));
    } else if (this.clients?.size) {
      this._shouldEmitClose = true;
    } else {
      process.nextTick(emitClose, this);
    }
  }

  /** Whether `request` is for this server. May be overridden. */
  shouldHandle(request: IncomingMessage): boolean {
    const { path } = this.options;
    if (!path) return true;

    const url = request.url!;
    const query = url.indexOf('?');
    return (query === -1 ? url : url.slice(0, query)) === path;
  }

  /**
   * Answers an upgrade request. `callback` gets the open WebSocket; a request that is refused gets an
   * HTTP error, or is left to the listeners of 'wsClientError'.
   */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: UpgradeCallback
  ): void {
    socket.on('error', destroy);

    const refusal = checkRequest(request);
    if (refusal) return this._refuse(refusal, request, socket);

    if (!this.shouldHandle(request)) return refuseUpgrade(socket, 400);

    const protocols = offeredSubprotocols(request);
    if ('status' in protocols) return this._refuse(protocols, request, socket);

    const accepted = acceptedExtensions(request, this.options);
    if ('status' in accepted) return this._refuse(accepted, request, socket);

    const key = request.headers['sec-websocket-key']!;
    verifyClient(this.options, request, socket, () => {
      this.completeUpgrade(accepted.extensions, key, protocols, request, socket, head, callback);
    });
  }

  /**
   * Sends the 101 response and hands the socket to a new WebSocket. Throws when the socket already
   * belongs to one.
   */
  completeUpgrade(
    extensions: Extensions,
    key: string,
    protocols: Set<string>,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: UpgradeCallback
  ): void {
    // The client has ended or left while the request was looked at.
    const taken = (socket as { [kWebSocket]?: unknown })[kWebSocket];
    if (taken !== RELEASED && !(socket.readable && socket.writable)) {
      socket.destroy();
      return;
    }

    if (taken) {
      throw new Error(
        'server.handleUpgrade() was called more than once with the same ' +
          'socket, possibly due to a misconfiguration'
      );
    }

    if (this._state > RUNNING) return refuseUpgrade(socket, 503);

    const headers = responseHeaders(key);
    const websocket = new this.options.WebSocket(null, undefined, this.options) as WebSocket;

    const protocol = this._selectSubprotocol(protocols, request);
    if (protocol) {
      headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
      websocket._protocol = protocol;
    }

    const extensionsLine = extensionsHeader(extensions);
    if (extensionsLine !== undefined) {
      headers.push(extensionsLine);
      websocket._extensions = extensions;
    }

    this.emit('headers', headers, request);

    socket.write(headers.join('\r\n') + '\r\n\r\n');
    socket.removeListener('error', destroy);

    websocket.setSocket(socket, head, socketOptions(this.options));
    this._track(websocket);
    // Nobody needs a socket that was let go of, and its address is asked for here.
    if (websocket._socket && websocket._socket !== socket) standIn(request, websocket._socket);

    callback(websocket, request);
  }

  private _listenTo(server: Server): () => void {
    const emitConnection = this.emit.bind(this, 'connection');
    const listeners: [string, (...args: any[]) => void][] = [
      ['listening', this.emit.bind(this, 'listening')],
      ['error', this.emit.bind(this, 'error')],
      [
        'upgrade',
        (request: IncomingMessage, socket: Duplex, head: Buffer) =>
          this.handleUpgrade(request, socket, head, emitConnection)
      ]
    ];

    for (const [event, listener] of listeners) server.on(event, listener);
    return () => {
      for (const [event, listener] of listeners) server.removeListener(event, listener);
    };
  }

  private _refuse(
    { status, message, headers }: Refusal,
    request: IncomingMessage,
    socket: Duplex
  ): void {
    if (!this.listenerCount('wsClientError')) {
      refuseUpgrade(socket, status, message, headers);
      return;
    }

    this.emit('wsClientError', new Error(message), socket, request);
  }

  private _selectSubprotocol(
    protocols: Set<string>,
    request: IncomingMessage
  ): string | false | undefined {
    if (!protocols.size) return undefined;
    if (this.options.handleProtocols) return this.options.handleProtocols(protocols, request);
    return protocols.values().next().value;
  }

  private _track(websocket: WebSocket): void {
    const { clients } = this;
    if (!clients) return;

    clients.add(websocket);
    websocket.on('close', this._forget);
  }
}

/** The answer to a plain request: this server speaks nothing but WebSocket. */
function requireUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  const body = STATUS_CODES[426]!;
  response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain' });
  response.end(body);
}

function emitClose(server: WebSocketServer): void {
  server._state = CLOSED;
  server.emit('close');
}

/** Has the request name the socket of its connection. */
function standIn(request: IncomingMessage, socket: Duplex): void {
  const named = request as { socket: unknown; client?: unknown };
  named.socket = socket;
  if ('client' in named) named.client = socket;
}

function destroy(this: Duplex): void {
  this.destroy();
}
