/// <reference types="node" />

import { EventEmitter } from 'node:events';
import {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  IncomingMessage,
  OutgoingHttpHeaders,
  Server as HTTPServer
} from 'node:http';
import { Server as HTTPSServer } from 'node:https';
import { Duplex, DuplexOptions, Writable } from 'node:stream';
import { ConnectionOptions } from 'node:tls';
import { URL } from 'node:url';
import { DeflateRaw, InflateRaw, ZlibOptions } from 'node:zlib';

/** What `Buffer.from` takes, numbers (sent as text) and Blobs. */
type BufferLike =
  | string
  | Buffer
  | DataView
  | number
  | ArrayBufferView
  | Uint8Array
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly any[]
  | readonly number[]
  | { valueOf(): ArrayBuffer }
  | { valueOf(): SharedArrayBuffer }
  | { valueOf(): Uint8Array }
  | { valueOf(): readonly number[] }
  | { valueOf(): string }
  | { [Symbol.toPrimitive](hint: string): string };

/** `createConnection` is the one of `ClientOptions`. */
type RequestArgs = Omit<ClientRequestArgs, 'createConnection'>;

/** A connection, as far as this package asks for one: of its own class or of stock ws's. */
type Connection = EventEmitter &
  Pick<WebSocket, 'close' | 'isPaused' | 'pause' | 'readyState' | 'resume' | 'send' | 'terminate'>;

/** A class of connections. */
type ConnectionClass = new (address: null) => Connection;

/**
 * One WebSocket connection (RFC 6455), made by calling the constructor for a client and by a
 * `WebSocketServer` for a server.
 */
declare class WebSocket extends EventEmitter {
  /** The opening handshake has not ended; `send`, `ping` and `pong` throw. */
  static readonly CONNECTING: 0;
  /** Messages can be sent. */
  static readonly OPEN: 1;
  /** The closing handshake has begun, or the connection failed; nothing can be sent any more. */
  static readonly CLOSING: 2;
  /** The connection is gone, and `'close'` has been or is being emitted. */
  static readonly CLOSED: 3;

  /** The opening handshake has not ended; `send`, `ping` and `pong` throw. */
  readonly CONNECTING: 0;
  /** Messages can be sent. */
  readonly OPEN: 1;
  /** The closing handshake has begun, or the connection failed; nothing can be sent any more. */
  readonly CLOSING: 2;
  /** The connection is gone, and `'close'` has been or is being emitted. */
  readonly CLOSED: 3;

  /**
   * Bytes that have been sent but not been handed to the operating system, or given to `send` after
   * it stopped sending.
   */
  readonly bufferedAmount: number;
  /** The names of the extensions negotiated: `'permessage-deflate'` or an empty string. */
  readonly extensions: string;
  /** Whether `pause` has been called, and `resume` has not been since. */
  readonly isPaused: boolean;
  /** The subprotocol the server chose, or an empty string. */
  readonly protocol: string;
  /** `CONNECTING`, `OPEN`, `CLOSING` or `CLOSED`. */
  readonly readyState:
    | typeof WebSocket.CONNECTING
    | typeof WebSocket.OPEN
    | typeof WebSocket.CLOSING
    | typeof WebSocket.CLOSED;
  /** The URL a client connects or is connected to, after redirects; undefined on a server. */
  readonly url: string;

  /** A connection of a server, without a socket yet. */
  constructor(address: null);
  /**
   * Connects to `address`: a URL with the scheme ws, wss, http, https, or ws+unix (the path of a
   * socket and, after a colon, that of the request). Throws a `SyntaxError` on any other address, on
   * one with a fragment, and on an invalid or repeated subprotocol; a `RangeError` on an unsupported
   * `protocolVersion`. Everything that fails later is an `'error'` followed by `'close'`.
   */
  constructor(address: string | URL, options?: WebSocket.ClientOptions | RequestArgs);
  /** As above, offering `protocols` (those in `options` are ignored then). */
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | RequestArgs
  );

  /**
   * Starts the closing handshake, or goes on with it. `code` is 1000 to 1014 without 1004 to 1006, or
   * 3000 to 4999; `data` is at most 123 bytes long. Throws a `TypeError` on another code or kind of
   * data, and a `RangeError` on longer data. A connection that is still `CONNECTING` fails with an
   * `'error'`.
   */
  close(code?: number, data?: string | Uint8Array): void;

  /** Sends a ping without data; `cb` is called when it has been handed to the operating system. */
  ping(cb: (err: Error) => void): void;
  /** Sends a ping; see below. */
  ping(data: any, cb: (err: Error) => void): void;
  /**
   * Sends a ping with up to 125 bytes of `data`. A client masks unless `mask` is false. Throws while
   * `CONNECTING` (without `cb` or with it), and a `RangeError` on longer data. `cb` is called when it
   * has been handed to the operating system, or with the error.
   */
  ping(data?: any, mask?: boolean, cb?: (err: Error) => void): void;

  /** Sends a pong without data; `cb` is called when it has been handed to the operating system. */
  pong(cb: (err: Error) => void): void;
  /** Sends a pong; see below. */
  pong(data: any, cb: (err: Error) => void): void;
  /** Sends a pong, on the same terms as `ping`. With `autoPong` pings are answered without it. */
  pong(data?: any, mask?: boolean, cb?: (err: Error) => void): void;

  /**
   * Sends a message: a string or a number as text, anything else as binary. What is sent within one
   * tick leaves as one write at its end, unless `coalesce` is off. Throws while `CONNECTING`. `cb` is
   * called, in the order of the calls, when the message has been handed to the operating system, or
   * with the error. Until then `data` of 8 KiB and more must not be changed; shorter data may be at
   * once.
   */
  send(data: BufferLike, cb?: (err?: Error) => void): void;
  /**
   * Sends a message or, with `fin: false`, a fragment of one that the following calls continue.
   */
  send(
    data: BufferLike,
    options: {
      /** Whether to mask. Defaults to true on a client and false on a server, as RFC 6455 demands. */
      mask?: boolean | undefined;
      /** Whether the message is binary. Defaults to whether `data` is not a string. */
      binary?: boolean | undefined;
      /** Whether to compress where permessage-deflate was negotiated. Defaults to true. */
      compress?: boolean | undefined;
      /** Whether this is the last fragment. Defaults to true. */
      fin?: boolean | undefined;
    },
    cb?: (err?: Error) => void
  ): void;

  /**
   * Hands what has been sent to the operating system now, instead of at the end of the tick. Does
   * nothing when nothing waits or the connection is not open.
   */
  flush(): void;

  /** Closes the socket at once, without a closing handshake. */
  terminate(): void;

  /**
   * Stops reading from the socket. Events already read may still be emitted. Does nothing while
   * `CONNECTING` or `CLOSED`.
   */
  pause(): void;
  /** Reads on. Does nothing while `CONNECTING` or `CLOSED`. */
  resume(): void;

  /** Adds a listener that is given an event object. Other types than these four are ignored. */
  addEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void },
    options?: WebSocket.EventListenerOptions
  ): void;
  /** Removes a listener that `addEventListener` or an `on…` attribute has added. */
  removeEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void }
  ): void;

  /**
   * The connection has ended. `code` is the status code of the peer's close frame, 1005 if that had
   * none, or 1006 if there was no close frame; `reason` is UTF-8 and may be empty.
   */
  on(event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this;
  /**
   * Something failed; `'close'` follows. `error.code` begins with `WS_ERR_` when the peer broke the
   * protocol or a limit.
   */
  on(event: 'error', listener: (this: WebSocket, error: Error) => void): this;
  /** The response to a client's handshake has come; its headers are not checked yet. */
  on(event: 'upgrade', listener: (this: WebSocket, request: IncomingMessage) => void): this;
  /**
   * A message has come: text as a `Buffer` of UTF-8, binary data in the type `binaryType` names.
   */
  on(
    event: 'message',
    listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  /** The connection is open. */
  on(event: 'open', listener: (this: WebSocket) => void): this;
  /** A ping or a pong has come. */
  on(event: 'ping' | 'pong', listener: (this: WebSocket, data: Buffer) => void): this;
  /**
   * A client follows a redirect to `url` and is about to send `request`; credentials meant for
   * another host are still in it if there is a listener, and have been removed otherwise.
   */
  on(
    event: 'redirect',
    listener: (this: WebSocket, url: string, request: ClientRequest) => void
  ): this;
  /**
   * The server has answered a client's handshake with something else than 101. With a listener no
   * `'error'` is emitted, and it is for the listener to end the request.
   */
  on(
    event: 'unexpected-response',
    listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void
  ): this;
  /** Any other event. */
  on(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;

  once(event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this;
  once(event: 'error', listener: (this: WebSocket, error: Error) => void): this;
  once(event: 'upgrade', listener: (this: WebSocket, request: IncomingMessage) => void): this;
  once(
    event: 'message',
    listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  once(event: 'open', listener: (this: WebSocket) => void): this;
  once(event: 'ping' | 'pong', listener: (this: WebSocket, data: Buffer) => void): this;
  once(
    event: 'redirect',
    listener: (this: WebSocket, url: string, request: ClientRequest) => void
  ): this;
  once(
    event: 'unexpected-response',
    listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void
  ): this;
  once(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;

  off(event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this;
  off(event: 'error', listener: (this: WebSocket, error: Error) => void): this;
  off(event: 'upgrade', listener: (this: WebSocket, request: IncomingMessage) => void): this;
  off(
    event: 'message',
    listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  off(event: 'open', listener: (this: WebSocket) => void): this;
  off(event: 'ping' | 'pong', listener: (this: WebSocket, data: Buffer) => void): this;
  off(
    event: 'redirect',
    listener: (this: WebSocket, url: string, request: ClientRequest) => void
  ): this;
  off(
    event: 'unexpected-response',
    listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void
  ): this;
  off(event: string | symbol, listener: (this: WebSocket, ...args: any[]) => void): this;

  addListener(event: 'close', listener: (code: number, reason: Buffer) => void): this;
  addListener(event: 'error', listener: (error: Error) => void): this;
  addListener(event: 'upgrade', listener: (request: IncomingMessage) => void): this;
  addListener(
    event: 'message',
    listener: (data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  addListener(event: 'open', listener: () => void): this;
  addListener(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  addListener(event: 'redirect', listener: (url: string, request: ClientRequest) => void): this;
  addListener(
    event: 'unexpected-response',
    listener: (request: ClientRequest, response: IncomingMessage) => void
  ): this;
  addListener(event: string | symbol, listener: (...args: any[]) => void): this;

  removeListener(event: 'close', listener: (code: number, reason: Buffer) => void): this;
  removeListener(event: 'error', listener: (error: Error) => void): this;
  removeListener(event: 'upgrade', listener: (request: IncomingMessage) => void): this;
  removeListener(
    event: 'message',
    listener: (data: WebSocket.RawData, isBinary: boolean) => void
  ): this;
  removeListener(event: 'open', listener: () => void): this;
  removeListener(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  removeListener(event: 'redirect', listener: (url: string, request: ClientRequest) => void): this;
  removeListener(
    event: 'unexpected-response',
    listener: (request: ClientRequest, response: IncomingMessage) => void
  ): this;
  removeListener(event: string | symbol, listener: (...args: any[]) => void): this;
}

// Accessors in an interface, so that a class may override them by properties. What is read is typed so
// that a connection can be given where `@types/ws` asks for one.
interface WebSocket {
  /**
   * The type in which binary messages are delivered from now on: a `Buffer` (`'nodebuffer'`, the
   * default), an `ArrayBuffer`, the `Buffer`s of the fragments (`'fragments'`), or a `Blob` where the
   * platform has that class. Any other value is ignored. Text messages are always a `Buffer` of UTF-8.
   *
   * With `'blob'` declare the listener's parameter as `WebSocket.RawData | Blob`.
   */
  get binaryType(): 'nodebuffer' | 'arraybuffer' | 'fragments';
  set binaryType(type: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob');

  /** The listener of `'open'` that was set here, or null. */
  get onopen(): ((event: any) => void) | null;
  set onopen(listener: ((event: WebSocket.Event) => void) | null);

  /** The listener of `'error'` that was set here, or null. */
  get onerror(): ((event: any) => void) | null;
  set onerror(listener: ((event: WebSocket.ErrorEvent) => void) | null);

  /** The listener of `'close'` that was set here, or null. */
  get onclose(): ((event: any) => void) | null;
  set onclose(listener: ((event: WebSocket.CloseEvent) => void) | null);

  /** The listener of `'message'` that was set here, or null. */
  get onmessage(): ((event: any) => void) | null;
  set onmessage(listener: ((event: WebSocket.MessageEvent) => void) | null);
}

declare const WebSocketAlias: typeof WebSocket;
interface WebSocketAlias extends WebSocket {}

declare namespace WebSocket {
  /** The payload of a message, unless `binaryType` is `'blob'`. */
  type RawData = Buffer | ArrayBuffer | Buffer[];

  /** The payload of a message as an event object has it: text is a string. */
  type Data = string | Buffer | ArrayBuffer | Buffer[];

  /** Certificates and keys. */
  type CertMeta = string | string[] | Buffer | Buffer[];

  /** Whether to accept a connection: false is answered with 401. */
  type VerifyClientCallbackSync<Request extends IncomingMessage = IncomingMessage> = (info: {
    /** The `Origin` header, undefined when there is none. */
    origin: string;
    /** Whether the request came over TLS. */
    secure: boolean;
    req: Request;
  }) => boolean;

  /**
   * As above, but `callback` tells: `res` false is answered with the status `code` (401), `message` as
   * the body, and `headers`. Recognised by its two parameters.
   */
  type VerifyClientCallbackAsync<Request extends IncomingMessage = IncomingMessage> = (
    info: { origin: string; secure: boolean; req: Request },
    callback: (res: boolean, code?: number, message?: string, headers?: OutgoingHttpHeaders) => void
  ) => void;

  /** May change the request of a handshake, and has to call `request.end()`. */
  type FinishRequestCallback = (request: ClientRequest, websocket: WebSocket) => void;

  /**
   * The options of a client: its own, those of `http.request` and `https.request` except for what the
   * address says, and those of `tls.connect`.
   */
  interface ClientOptions
    extends
      Omit<
        ClientRequestArgs,
        | 'agent'
        | 'createConnection'
        | 'family'
        | 'headers'
        | 'host'
        | 'hostname'
        | 'localAddress'
        | 'method'
        | 'path'
        | 'port'
        | 'protocol'
        | 'socketPath'
        | 'timeout'
      >,
      Omit<
        ConnectionOptions,
        keyof ClientRequestArgs | 'checkServerIdentity' | 'rejectUnauthorized' | 'socket'
      > {
    /** Ignored: the address says it. */
    protocol?: string | undefined;
    /** Ignored: the address says it. */
    host?: string | undefined;

    /** Subprotocols to offer when the constructor is given none, in order of preference. */
    protocols?: string | string[] | undefined;
    /** Whether to follow redirects. Defaults to false. */
    followRedirects?: boolean | undefined;
    /** How many redirects to follow. Defaults to 10. */
    maxRedirects?: number | undefined;
    /** Fills the four bytes of a masking key. Defaults to random bytes. */
    generateMask?(mask: Buffer): void;
    /** Milliseconds after which a handshake without an answer fails. No timeout by default. */
    handshakeTimeout?: number | undefined;
    /** The version to ask for: 13, the default, or 8. */
    protocolVersion?: number | undefined;
    /** The value of the `Origin` header (`Sec-WebSocket-Origin` in version 8). */
    origin?: string | undefined;
    /** Headers of the handshake, besides those the protocol needs. */
    headers?: OutgoingHttpHeaders | undefined;
    /** What keeps and makes sockets: an `http.Agent`, an `https.Agent`, one for a proxy. */
    agent?: Agent | boolean | undefined;
    /**
     * Makes the socket of the handshake, in the way of `http.request`. `net.connect` and `tls.connect`
     * by default; not used with an agent.
     */
    createConnection?:
      | {
          bivarianceHack(
            options: ClientRequestArgs,
            oncreate: (err?: Error | null, socket?: Duplex) => void
          ): Duplex | null | undefined;
        }['bivarianceHack']
      | undefined;
    /** May change the request of the handshake, and has to end it. */
    finishRequest?: FinishRequestCallback | undefined;
    /** The local address to connect from. */
    localAddress?: string | undefined;
    /** IP family to resolve to: 4, 6, or 0 for both. */
    family?: number | undefined;
    /**
     * Checks a `tls.PeerCertificate` against the name of the server: undefined accepts it, an `Error`
     * does not. (Node takes any truthy value for an error.)
     */
    checkServerIdentity?(servername: string, cert: any): Error | boolean | undefined;
    /** Whether to refuse a server whose certificate cannot be verified. Defaults to true. */
    rejectUnauthorized?: boolean | undefined;

    /**
     * Whether to offer permessage-deflate, and with which parameters. Defaults to true.
     */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** Whether several events may be emitted in one tick. Defaults to true. */
    allowSynchronousEvents?: boolean | undefined;
    /** Whether pings are answered. Defaults to true. */
    autoPong?: boolean | undefined;
    /** Milliseconds `close` waits for the peer before it closes the socket. Defaults to 30000. */
    closeTimeout?: number | undefined;
    /** Limit of a message in bytes, compressed or not; 0 means none. Defaults to 100 MiB. */
    maxPayload?: number | undefined;
    /** Limit of chunks read for one frame; 0 means none. Defaults to 262144. */
    maxBufferedChunks?: number | undefined;
    /** Limit of fragments in one message; 0 means none. Defaults to 16384. */
    maxFragments?: number | undefined;
    /**
     * How many automatic pongs may wait to be written before the connection is terminated; 0 means no
     * limit. Defaults to 60.
     */
    maxPendingAutoPongs?: number | undefined;
    /** Whether text and close reasons are not checked for being UTF-8. Defaults to false. */
    skipUTF8Validation?: boolean | undefined;
    /**
     * Whether what is sent within one tick, or while one batch of messages is being delivered, leaves
     * as one write. False writes each frame at once. Defaults to true.
     */
    coalesce?: boolean | undefined;
    /**
     * What may carry the connection: the best that is available (`'auto'`, the default), always
     * Node's stream (`'stream'`), or, where that can be done, a transport that lets go of Node's
     * socket once the connection is open (`'lean'`).
     */
    transport?: 'auto' | 'stream' | 'lean' | undefined;
  }

  /** The parameters of permessage-deflate (RFC 7692 §7.1), and how zlib is used. */
  interface PerMessageDeflateOptions {
    /** Whether the server begins every message without context. */
    serverNoContextTakeover?: boolean | undefined;
    /** Whether the client begins every message without context. */
    clientNoContextTakeover?: boolean | undefined;
    /** The server's window as a power of two, 8 to 15. */
    serverMaxWindowBits?: number | undefined;
    /** The client's window as a power of two, 8 to 15. */
    clientMaxWindowBits?: number | undefined;
    /** Options of zlib for compressing. */
    zlibDeflateOptions?:
      | {
          flush?: number | undefined;
          finishFlush?: number | undefined;
          chunkSize?: number | undefined;
          windowBits?: number | undefined;
          level?: number | undefined;
          memLevel?: number | undefined;
          strategy?: number | undefined;
          dictionary?: Buffer | Buffer[] | DataView | undefined;
          info?: boolean | undefined;
        }
      | undefined;
    /** Options of zlib for decompressing. */
    zlibInflateOptions?: ZlibOptions | undefined;
    /**
     * Bytes below which a message is not compressed when context takeover is off. Defaults to 1024.
     */
    threshold?: number | undefined;
    /**
     * How many jobs of zlib may be on the thread pool at a time. It is one limit for the process: the
     * first connection with permessage-deflate decides. Defaults to 10.
     */
    concurrencyLimit?: number | undefined;
    /**
     * Milliseconds after which a connection that sends nothing gives up its compressor, at the price
     * of what the next message could have referred back to; 0 means never. Defaults to 5000. With the
     * native endpoint only.
     */
    idleTimeout?: number | undefined;
  }

  /** An event object as `addEventListener` and the `on…` attributes give it. */
  interface Event {
    type: string;
    target: WebSocket;
  }

  interface ErrorEvent {
    error: any;
    message: string;
    type: string;
    target: WebSocket;
  }

  interface CloseEvent {
    /** Whether a close frame was received and one was sent. */
    wasClean: boolean;
    code: number;
    reason: string;
    type: string;
    target: WebSocket;
  }

  interface MessageEvent {
    /** A string for text; a `Blob` if `binaryType` is `'blob'`. */
    data: Data;
    type: string;
    target: WebSocket;
  }

  /** The event objects by type. */
  interface WebSocketEventMap {
    open: Event;
    error: ErrorEvent;
    close: CloseEvent;
    message: MessageEvent;
  }

  interface EventListenerOptions {
    /** Whether the listener is removed when it is called. */
    once?: boolean | undefined;
  }

  /**
   * The options of a server. One and only one of `port`, `server` and `noServer` must be given.
   */
  interface ServerOptions<
    U extends ConnectionClass = typeof WebSocket.WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage
  > {
    /** The address to listen on; any by default. */
    host?: string | undefined;
    /** The port to listen on with an HTTP server of its own; 0 takes a free one. */
    port?: number | undefined;
    /** How many connections may wait to be accepted. Defaults to 511. */
    backlog?: number | undefined;
    /** The HTTP or HTTPS server whose upgrade requests to handle. */
    server?: HTTPServer<V> | HTTPSServer<V> | undefined;
    /** Whether to accept a connection. Recommended instead: listen to `'upgrade'` with `noServer`. */
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<V>>
      | VerifyClientCallbackSync<InstanceType<V>>
      | undefined;
    /** Picks one of the subprotocols offered, or none (false). Defaults to the first one. */
    handleProtocols?: (protocols: Set<string>, request: InstanceType<V>) => string | false;
    /** The path of the requests to handle; any by default. */
    path?: string | undefined;
    /** Whether there is no HTTP server and `handleUpgrade` is called by the user. */
    noServer?: boolean | undefined;
    /** Whether several events may be emitted in one tick. Defaults to true. */
    allowSynchronousEvents?: boolean | undefined;
    /** Whether pings are answered. Defaults to true. */
    autoPong?: boolean | undefined;
    /** Whether `clients` holds the open connections. Defaults to true. */
    clientTracking?: boolean | undefined;
    /** Milliseconds `close` of a connection waits for the peer. Defaults to 30000. */
    closeTimeout?: number | undefined;
    /** Whether to accept permessage-deflate, and with which parameters. Defaults to false. */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** Limit of a message in bytes, compressed or not; 0 means none. Defaults to 100 MiB. */
    maxPayload?: number | undefined;
    /** Limit of chunks read for one frame; 0 means none. Defaults to 262144. */
    maxBufferedChunks?: number | undefined;
    /** Limit of fragments in one message; 0 means none. Defaults to 16384. */
    maxFragments?: number | undefined;
    /**
     * How many automatic pongs may wait to be written before a connection is terminated; 0 means no
     * limit. Defaults to 60.
     */
    maxPendingAutoPongs?: number | undefined;
    /** Whether text and close reasons are not checked for being UTF-8. Defaults to false. */
    skipUTF8Validation?: boolean | undefined;
    /** The class of the connections, which must extend `WebSocket`. */
    WebSocket?: U | undefined;
    /**
     * Whether what is sent within one tick, or while one batch of messages is being delivered, leaves
     * as one write. False writes each frame at once. Defaults to true.
     */
    coalesce?: boolean | undefined;
    /**
     * What may carry the connections: the best that is available (`'auto'`, the default), always
     * Node's stream (`'stream'`), or, where that can be done, a transport that lets go of Node's
     * sockets once the connections are open (`'lean'`).
     */
    transport?: 'auto' | 'stream' | 'lean' | undefined;
  }

  /** Where a server listens. */
  interface AddressInfo {
    address: string;
    family: string;
    port: number;
  }

  /** Accepts connections on an HTTP server of its own, on a given one, or by `handleUpgrade`. */
  class Server<
    T extends ConnectionClass = typeof WebSocket.WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > extends EventEmitter {
    /** What the constructor was given, with the defaults. */
    options: ServerOptions<T, U>;
    /** Not set; `options.path` is. */
    path: string;
    /** The open connections; not set if `clientTracking` is off. */
    clients: Set<InstanceType<T>>;

    /**
     * `callback` is called when a server with `port` listens. Throws a `TypeError` unless exactly one
     * of `port`, `server` and `noServer` is given.
     */
    constructor(options?: ServerOptions<T, U>, callback?: () => void);

    /**
     * Where the server listens: a path as a string; null when it has been closed. Throws with
     * `noServer`.
     */
    address(): AddressInfo | string | null;
    /**
     * Accepts no more connections, and closes the HTTP server if it is its own. `cb` is called when
     * the last connection has ended (they are not closed), or with an error when the server had been
     * closed before.
     */
    close(cb?: (err?: Error) => void): void;
    /**
     * Answers an upgrade request; `callback` gets the open connection. A malformed request is refused
     * or left to the listeners of `'wsClientError'`. Throws when called twice for one socket.
     */
    handleUpgrade(
      request: InstanceType<U>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void
    ): void;
    /** Whether to handle a request, by its path; false is answered with 400. May be overridden. */
    shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>;

    /** A connection is open; `request` is the GET request of its handshake. */
    on(
      event: 'connection',
      listener: (this: Server<T>, websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    /** The HTTP server failed, usually to listen. */
    on(event: 'error', listener: (this: Server<T>, error: Error) => void): this;
    /** The lines of a response to a handshake, which may be changed before they are written. */
    on(
      event: 'headers',
      listener: (this: Server<T>, headers: string[], request: InstanceType<U>) => void
    ): this;
    /** The server has closed, or listens. */
    on(event: 'close' | 'listening', listener: (this: Server<T>) => void): this;
    /**
     * A handshake is malformed. With a listener it is for the listener to answer and to end `socket`.
     */
    on(
      event: 'wsClientError',
      listener: (this: Server<T>, error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    /** Any other event. */
    on(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;

    once(
      event: 'connection',
      listener: (this: Server<T>, websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    once(event: 'error', listener: (this: Server<T>, error: Error) => void): this;
    once(
      event: 'headers',
      listener: (this: Server<T>, headers: string[], request: InstanceType<U>) => void
    ): this;
    once(event: 'close' | 'listening', listener: (this: Server<T>) => void): this;
    once(
      event: 'wsClientError',
      listener: (this: Server<T>, error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    once(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;

    off(
      event: 'connection',
      listener: (this: Server<T>, websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    off(event: 'error', listener: (this: Server<T>, error: Error) => void): this;
    off(
      event: 'headers',
      listener: (this: Server<T>, headers: string[], request: InstanceType<U>) => void
    ): this;
    off(event: 'close' | 'listening', listener: (this: Server<T>) => void): this;
    off(
      event: 'wsClientError',
      listener: (this: Server<T>, error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    off(event: string | symbol, listener: (this: Server<T>, ...args: any[]) => void): this;

    addListener(
      event: 'connection',
      listener: (websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    addListener(event: 'error', listener: (error: Error) => void): this;
    addListener(
      event: 'headers',
      listener: (headers: string[], request: InstanceType<U>) => void
    ): this;
    addListener(event: 'close' | 'listening', listener: () => void): this;
    addListener(
      event: 'wsClientError',
      listener: (error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    addListener(event: string | symbol, listener: (...args: any[]) => void): this;

    removeListener(
      event: 'connection',
      listener: (websocket: InstanceType<T>, request: InstanceType<U>) => void
    ): this;
    removeListener(event: 'error', listener: (error: Error) => void): this;
    removeListener(
      event: 'headers',
      listener: (headers: string[], request: InstanceType<U>) => void
    ): this;
    removeListener(event: 'close' | 'listening', listener: () => void): this;
    removeListener(
      event: 'wsClientError',
      listener: (error: Error, socket: Duplex, request: InstanceType<U>) => void
    ): this;
    removeListener(event: string | symbol, listener: (...args: any[]) => void): this;
  }

  const WebSocketServer: typeof Server;
  interface WebSocketServer extends Server {}
  const WebSocket: typeof WebSocketAlias;
  interface WebSocket extends WebSocketAlias {}

  /**
   * A Duplex that reads and writes the messages of `websocket`; the boundaries between messages are
   * lost, unless `readableObjectMode` is set. Ending it closes the connection.
   */
  function createWebSocketStream(websocket: Connection, options?: DuplexOptions): Duplex;

  /** The extensions negotiated for a connection, by name. */
  interface Extensions {
    'permessage-deflate'?: PerMessageDeflate | undefined;
  }

  interface ReceiverOptions {
    /** Whether several events may be emitted in one tick. Defaults to true. */
    allowSynchronousEvents?: boolean | undefined;
    /** The type of binary messages. Defaults to `'nodebuffer'`. */
    binaryType?: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob' | undefined;
    extensions?: Extensions | undefined;
    /** Whether to expect masked frames. Defaults to false. */
    isServer?: boolean | undefined;
    /** Limit of chunks held for one frame; 0, the default, means none. */
    maxBufferedChunks?: number | undefined;
    /** Limit of fragments in one message; 0, the default, means none. */
    maxFragments?: number | undefined;
    /** Limit of a message in bytes; 0, the default, means none. */
    maxPayload?: number | undefined;
    /** Whether text and close reasons are not checked for being UTF-8. Defaults to false. */
    skipUTF8Validation?: boolean | undefined;
  }

  /**
   * Parses the frames written to it. Emits `'message'` (data, isBinary), `'ping'` and `'pong'` (data)
   * and `'conclude'` (code, reason) for a close frame, after which it ends; `'error'` for what breaks
   * the protocol or a limit.
   */
  class Receiver extends Writable {
    constructor(options?: ReceiverOptions);
  }

  interface FrameOptions {
    /** Whether to set FIN. Defaults to false. */
    fin?: boolean | undefined;
    /** Fills the masking key. Defaults to random bytes. */
    generateMask?: ((mask: Buffer) => void) | undefined;
    /** Whether to mask. Defaults to false. */
    mask?: boolean | undefined;
    /** Where to keep the masking key. */
    maskBuffer?: Buffer | undefined;
    /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
    opcode: number;
    /** Whether the memory of the data must not be changed; otherwise it is masked in place. */
    readOnly?: boolean | undefined;
    /** Whether to set RSV1. Defaults to false. */
    rsv1?: boolean | undefined;
  }

  /** Frames messages and writes them to a socket, at once and in order. */
  class Sender {
    constructor(socket: Duplex, extensions?: Extensions, generateMask?: (mask: Buffer) => void);

    /** Frames `data`; the pieces returned follow each other on the wire. */
    static frame(data: Buffer | string, options: FrameOptions): Array<Buffer | string>;

    /** Sends a close frame; throws as `WebSocket.close` does. */
    close(
      code?: number,
      data?: string | Uint8Array,
      mask?: boolean,
      cb?: (err?: Error | null) => void
    ): void;
    /** Sends a ping; throws a `RangeError` on more than 125 bytes. */
    ping(data: any, mask?: boolean, cb?: (err?: Error | null) => void): void;
    /** Sends a pong; throws a `RangeError` on more than 125 bytes. */
    pong(data: any, mask?: boolean, cb?: (err?: Error | null) => void): void;
    /** Sends a message or a fragment of one; every option defaults to false. */
    send(
      data: BufferLike,
      options: {
        binary?: boolean | undefined;
        compress?: boolean | undefined;
        fin?: boolean | undefined;
        mask?: boolean | undefined;
      },
      cb?: (err?: Error | null) => void
    ): void;
    /** Sends what `frame` has made. */
    sendFrame(list: ReadonlyArray<Buffer | string>, cb?: (err?: Error | null) => void): void;
  }

  /** What permessage-deflate was negotiated to be (RFC 7692 §7.1). */
  interface PerMessageDeflateParameters {
    server_no_context_takeover?: boolean;
    client_no_context_takeover?: boolean;
    server_max_window_bits?: number;
    client_max_window_bits?: number | true;
  }

  /** The permessage-deflate extension (RFC 7692) of one connection. */
  class PerMessageDeflate {
    /**
     * Of the window bits false refuses any, and true, on a client, leaves them to the server.
     */
    constructor(
      options?: Omit<PerMessageDeflateOptions, 'clientMaxWindowBits' | 'serverMaxWindowBits'> & {
        clientMaxWindowBits?: number | boolean | undefined;
        serverMaxWindowBits?: number | boolean | undefined;
        /** The role. Defaults to false. */
        isServer?: boolean | undefined;
        /** Limit of a decompressed message in bytes; 0, the default, means none. */
        maxPayload?: number | undefined;
      }
    );

    /** The name of the extension, `'permessage-deflate'`. */
    static readonly extensionName: 'permessage-deflate';

    /** What was negotiated; null before. */
    params: PerMessageDeflateParameters | null;

    /** The parameters of a client's offer. */
    offer(): Record<string, true | number>;
    /**
     * Agrees on the parameters in the peer's `Sec-WebSocket-Extensions` header, as
     * `extension.parse` gives them, and returns them. Throws when they cannot be accepted.
     */
    accept(
      configurations: Array<Record<string, Array<string | true>>>
    ): PerMessageDeflateParameters;
    /** Compresses a message, or a fragment, which is the last if `fin`. Never calls back at once. */
    compress(
      data: Buffer | string,
      fin: boolean,
      callback: (err: Error | null, data: Buffer) => void
    ): void;
    /**
     * Decompresses a message, or a fragment, which is the last if `fin`. Never calls back at once, nor
     * after `cleanup`.
     */
    decompress(
      data: Buffer,
      fin: boolean,
      callback: (err: Error | null, data: Buffer) => void
    ): void;
    /**
     * As `compress`, if it can be done at once, else null. The result is for reading only: equal texts
     * may have one in common. Throws what `compress` throws.
     */
    compressNow(data: Buffer | string, fin: boolean): Buffer | null;
    /**
     * As `decompress`, if it can be done at once, with an error as the result; else null, and the same
     * has to be given to `decompress`.
     */
    decompressNow(data: Buffer, fin: boolean): Buffer | Error | null;
    /**
     * Compresses a whole message without context: good for every connection with equal parameters,
     * each of which has to `dropContext` when it sends it. Null where that cannot be done.
     */
    compressApart(data: Buffer): Buffer | null;
    /** What is compressed next refers to nothing before it. */
    dropContext(): void;
    /** Frees everything. Compressions that have not called back do so now, with an error. */
    cleanup(): void;
  }

  /** The `Sec-WebSocket-Extensions` header. */
  const extension: {
    /** Offers by name, each with the values of its parameters. Throws a `SyntaxError`. */
    parse(header: string): Record<string, Array<Record<string, Array<string | true>>>>;
    /** The value of the header. */
    format(extensions: Record<string, object | object[]>): string;
  };

  /** The `Sec-WebSocket-Protocol` header. */
  const subprotocol: {
    /** The names, in order. Throws a `SyntaxError`, also on a repeated name. */
    parse(header: string): Set<string>;
  };

  /** How many there are of what permessage-deflate needs memory for, in this thread. */
  interface DeflateStatistics {
    /** Connections that have compressed, and that have decompressed. */
    readonly deflaters: number;
    readonly inflaters: number;
    /** Compressors of zlib's, each some hundred KiB, and those for short messages, each 40 KiB. */
    readonly compressors: number;
    readonly shortCompressors: number;
    /** How many of both keep a connection's context. */
    readonly contexts: number;
    /** Decompressors, each some ten KiB. */
    readonly decompressors: number;
    /** Bytes that are kept of received messages for the next ones to refer back to. */
    readonly historyBytes: number;
    /** Jobs on the thread pool. */
    readonly jobs: number;
  }

  /** What this process uses, and why. */
  const backend: {
    /** What parses and frames. */
    readonly endpoint: 'portable' | 'native';
    /** What carries the connections that any transport can carry. */
    readonly transport: 'stream' | 'reactor';
    /** What masks and unmasks. */
    readonly masking: string;
    /** What compresses and decompresses: `'zlib'` (Node's) or `'zlib-rs'`. */
    readonly deflate: string;
    /** What permessage-deflate holds in this thread; null where Node's zlib does it. */
    deflateStatistics(): DeflateStatistics | null;
    /** How it came to this choice. */
    readonly reason: string;
  };
}

export = WebSocket;
