import { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { BINARY_TYPES, EMPTY, isBlob, toBuffer } from '../endpoint/buffer.js';
import type { BinaryType, Extensions, Incoming, SendCallback } from '../endpoint/contract.js';
import type { SendOptions } from '../endpoint/outgoing.js';
import { ABNORMAL } from '../endpoint/status-code.js';
import { abortHandshake, connect } from '../handshake/client.js';
import type { ClientOptions, ConnectionOptions, SetSocketOptions } from '../handshake/options.js';
import { CLOSED, CLOSING, CONNECTING, OPEN, readyStates } from '../handshake/ready-state.js';
import { Connection } from './connection.js';
import { installEventTarget } from './event-target.js';
import type { Sender } from './sender.js';

/** For all without one: a connection's is replaced, never changed. */
const NONE: Extensions = Object.freeze({});

/**
 * What an emitter begins with, but without a hash table for its few events: half of the memory. It
 * turns into one by itself when a listener is removed.
 */
function noListeners(): object {
  return Object.setPrototypeOf({}, null) as object;
}

const CLOSED_EARLY = 'WebSocket was closed before the connection was established';

/** A WebSocket connection of either role, with ws's API. */
export class WebSocket extends EventEmitter {
  declare static readonly CONNECTING: typeof CONNECTING;
  declare static readonly OPEN: typeof OPEN;
  declare static readonly CLOSING: typeof CLOSING;
  declare static readonly CLOSED: typeof CLOSED;

  _autoPong = false;
  _binaryType: BinaryType = 'nodebuffer';
  /** Bytes given to `send` after the opening handshake failed. */
  declare _bufferedAmount: number;
  _closeCode = ABNORMAL;
  _closeFrameReceived = false;
  _closeFrameSent = false;
  _closeMessage: Buffer = EMPTY;
  _closeTimeout: number | undefined;
  _errorEmitted = false;
  _extensions: Extensions = NONE;
  _isServer = true;
  _maxPendingAutoPongs = 0;
  _protocol = '';
  _readyState: number = CONNECTING;
  _receiver: Incoming | null = null;
  _sender: Sender | null = null;
  _socket: Duplex | null = null;
  declare _url: string;
  declare _req: ClientRequest | null;
  declare _redirects: number;
  private _connection: Connection | null = null;

  /**
   * Connects to `address`; with `null` an unconnected WebSocket of a server, which `setSocket`
   * connects.
   */
  constructor(
    address: string | URL | null,
    protocols?: string | string[] | ClientOptions,
    options?: ClientOptions
  ) {
    super();
    (this as { _events?: object })._events = noListeners();

    let resolved: ConnectionOptions | undefined = options;
    if (address !== null) {
      this._bufferedAmount = 0;
      this._isServer = false;
      this._redirects = 0;
      resolved = connectClient(this, address, protocols, options);
    }
    if (resolved?.autoPong) {
      this._autoPong = true;
      this._maxPendingAutoPongs = resolved.maxPendingAutoPongs! | 0;
    }
    this._closeTimeout = resolved?.closeTimeout;
  }

  get binaryType(): BinaryType {
    return this._binaryType;
  }

  set binaryType(type: BinaryType) {
    if (!BINARY_TYPES.includes(type)) return;
    this._binaryType = type;
    if (this._receiver) this._receiver._binaryType = type;
  }

  get bufferedAmount(): number {
    return this._connection === null ? this._bufferedAmount : this._connection.bufferedAmount;
  }

  get extensions(): string {
    return Object.keys(this._extensions).join();
  }

  get isPaused(): boolean {
    return this._connection !== null && this._connection.paused;
  }

  get protocol(): string {
    return this._protocol;
  }

  get readyState(): number {
    return this._readyState;
  }

  get url(): string {
    return this._url;
  }

  /** Takes over a socket whose opening handshake is done; `head` are bytes already read from it. */
  setSocket(socket: Duplex, head: Buffer, options: SetSocketOptions): void {
    const connection = new Connection(this, socket, options);
    this._connection = connection;
    this._receiver = connection.incoming;
    this._sender = connection.sender;
    this._socket = connection.socket;

    connection.transport.open(head);
    this._readyState = OPEN;
    this.emit('open');
  }

  emitClose(): void {
    if (this._connection !== null) this._extensions['permessage-deflate']?.cleanup();
    this._readyState = CLOSED;
    this.emit('close', this._closeCode, this._closeMessage);
  }

  /**
   * Starts the closing handshake (RFC 6455 §7.1.2). Throws on a `code` that may not be sent or a
   * `data` longer than 123 bytes.
   *
   *            close()          close frame           close()
   *     OPEN ──────────► CLOSING ──────────► peer ──────────► close frame, FIN
   *      ▲                  │                                      │
   *      └── throws         └── closeTimeout: destroyed            └──► CLOSED
   */
  close(code?: number, data?: string | Buffer): void {
    switch (this._readyState) {
      case CLOSED:
        return;
      case CONNECTING:
        abortHandshake(this, this._req!, CLOSED_EARLY);
        return;
      case CLOSING:
        this._connection?.endIfAnswered();
        return;
      default:
        this._connection!.close(code, data);
    }
  }

  pause(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this._connection!.pause();
  }

  resume(): void {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return;
    this._connection!.resume();
  }

  ping(data?: unknown, mask?: boolean | SendCallback, callback?: SendCallback): void {
    if (typeof data === 'function') {
      callback = data as SendCallback;
      data = mask = undefined;
    } else if (typeof mask === 'function') {
      callback = mask;
      mask = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (!canSend(this, data, callback)) return;
    this._sender!.ping(data || EMPTY, mask === undefined ? !this._isServer : mask, callback);
  }

  pong(data?: unknown, mask?: boolean | SendCallback, callback?: SendCallback): void {
    if (typeof data === 'function') {
      callback = data as SendCallback;
      data = mask = undefined;
    } else if (typeof mask === 'function') {
      callback = mask;
      mask = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (!canSend(this, data, callback)) return;
    this._sender!.pong(data || EMPTY, mask === undefined ? !this._isServer : mask, callback);
  }

  /**
   * Sends a message or a fragment of one. `data` may be rewritten when this returns if it is shorter
   * than 8 KiB, and when `callback` is called otherwise.
   */
  send(data: unknown, options?: SendOptions | SendCallback | null, callback?: SendCallback): void {
    if (typeof options === 'function') {
      callback = options;
      options = undefined;
    }
    if (typeof data === 'number') data = data.toString();
    if (!canSend(this, data, callback)) return;

    let binary = typeof data !== 'string';
    let compress = this._extensions['permessage-deflate'] !== undefined;
    let fin = true;
    let masked = !this._isServer;
    if (typeof options === 'object' && options !== null) {
      // Present but undefined means false, as if the options had been spread over the defaults.
      if ('binary' in options) binary = Boolean(options.binary);
      if ('compress' in options) compress &&= Boolean(options.compress);
      if ('fin' in options) fin = Boolean(options.fin);
      if ('mask' in options) masked = Boolean(options.mask);
    }
    this._sender!.message(data || EMPTY, binary, compress, fin, masked, callback);
  }

  /** Hands what has been sent to the operating system now instead of at the end of the tick. */
  flush(): void {
    this._connection?.transport.flush();
  }

  /** Drops the connection without a closing handshake. What has been sent is flushed. */
  terminate(): void {
    if (this._readyState === CLOSED) return;
    if (this._readyState === CONNECTING) {
      abortHandshake(this, this._req!, CLOSED_EARLY);
    } else if (this._connection !== null) {
      this._readyState = CLOSING;
      this._connection.transport.destroy();
    }
  }
}

for (const [value, name] of readyStates.entries()) {
  Object.defineProperty(WebSocket, name, { enumerable: true, value });
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true, value });
}

const ENUMERABLE = [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url'
] as const;
for (const property of ENUMERABLE) {
  Object.defineProperty(WebSocket.prototype, property, { enumerable: true });
}

installEventTarget(WebSocket.prototype);

/** `protocols` may be left out, and may stand in the options instead. */
function connectClient(
  websocket: WebSocket,
  address: string | URL,
  protocols: string | string[] | ClientOptions | undefined,
  options: ClientOptions | undefined
): ConnectionOptions {
  let names: string | string[] | undefined;
  if (typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols)) {
    options = protocols;
  } else {
    names = protocols;
  }
  if (names === undefined) names = options?.protocols;
  if (names === undefined) names = [];
  return connect(websocket, address, Array.isArray(names) ? names : [names], options);
}

/** Throws before the connection is open; after it `data` is counted and `callback` gets an error. */
function canSend(websocket: WebSocket, data: unknown, callback: SendCallback | undefined): boolean {
  if (websocket._readyState === OPEN) return true;
  if (websocket._readyState === CONNECTING) {
    throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
  }
  if (data) {
    const length = isBlob(data) ? data.size : toBuffer(data).length;
    if (websocket._sender !== null) websocket._sender._bufferedBytes += length;
    else websocket._bufferedAmount += length;
  }
  if (callback) {
    const state = `${websocket._readyState} (${readyStates[websocket._readyState]})`;
    process.nextTick(callback, new Error(`WebSocket is not open: readyState ${state}`));
  }
  return false;
}
