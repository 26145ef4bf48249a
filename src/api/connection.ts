import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { EMPTY } from '../endpoint/buffer.js';
import type {
  BinaryType,
  Extensions,
  Incoming,
  IncomingHandler,
  MessageData,
  SendCallback
} from '../endpoint/contract.js';
import { kStatusCode, type ProtocolError } from '../endpoint/errors.js';
import { NO_STATUS } from '../endpoint/status-code.js';
import type { SetSocketOptions } from '../handshake/options.js';
import { CLOSED, CLOSING, OPEN } from '../handshake/ready-state.js';
import { kWebSocket, RELEASED } from '../handshake/taken.js';
import { createConnectionParts } from '../select.js';
import type { Transport, TransportHandler } from '../transport/contract.js';
import { Sender } from './sender.js';

/** The part of a `WebSocket` that its connection reads and writes. */
export interface ConnectionHost extends EventEmitter {
  readonly binaryType: BinaryType;
  _autoPong: boolean;
  _closeCode: number;
  _closeFrameReceived: boolean;
  _closeFrameSent: boolean;
  _closeMessage: Buffer;
  _closeTimeout: number | undefined;
  _errorEmitted: boolean;
  _extensions: Extensions;
  _isServer: boolean;
  _maxPendingAutoPongs: number;
  _readyState: number;
  close(code?: number, reason?: string | Buffer): void;
  emitClose(): void;
  pong(data: Buffer, mask: boolean, callback: SendCallback): void;
  terminate(): void;
}

/** Pongs that answer pings by themselves. */
class AutoPongs {
  /** Those that the kernel has not taken. */
  pending = 0;

  readonly done = (): void => {
    this.pending--;
  };
}

/**
 * One open connection: an endpoint on a transport, and the rules that join them to a `WebSocket`,
 * among them the closing handshake (RFC 6455 §7.1).
 */
export class Connection implements IncomingHandler, TransportHandler {
  readonly incoming: Incoming;
  readonly sender: Sender;
  readonly transport: Transport;
  paused = false;

  private readonly websocket: ConnectionHost;
  private closeTimer: NodeJS.Timeout | undefined;
  private closed = false;
  private autoPongs: AutoPongs | null = null;

  constructor(websocket: ConnectionHost, socket: Duplex, options: SetSocketOptions) {
    this.websocket = websocket;
    const parts = createConnectionParts(
      socket,
      {
        allowSynchronousEvents: options.allowSynchronousEvents,
        binaryType: websocket.binaryType,
        extensions: websocket._extensions,
        isServer: websocket._isServer,
        maxBufferedChunks: options.maxBufferedChunks,
        maxFragments: options.maxFragments,
        maxPayload: options.maxPayload,
        skipUTF8Validation: options.skipUTF8Validation
      },
      this,
      options.coalesce !== false,
      options.transport
    );
    this.incoming = parts.incoming;
    this.transport = parts.transport;
    const own = this.socket;
    this.sender = new Sender(own, websocket._extensions, options.generateMask, this.transport);
    this.sender._connection = this;
    own[kWebSocket] = websocket;
    // Whom Node's socket was given to, even when it is let go of: nobody may take it again.
    if (socket !== own) (socket as { [kWebSocket]?: unknown })[kWebSocket] = RELEASED;
  }

  /** The socket of the connection: the one given, or what stands in its place. */
  get socket(): Duplex & { [kWebSocket]?: ConnectionHost } {
    return this.transport.socket as Duplex;
  }

  get bufferedAmount(): number {
    return this.transport.bufferedAmount + this.sender._bufferedBytes;
  }

  pause(): void {
    this.paused = true;
    this.transport.pause();
  }

  resume(): void {
    this.paused = false;
    if (!this.incoming.needsDrain) this.transport.resume();
  }

  /** Starts the closing handshake, or answers the peer's. Throws as `Sender#close`. */
  close(code: number | undefined, reason: string | Buffer | undefined): void {
    const { websocket } = this;
    // Before anything is written: the answer may come while it is (an in-memory socket).
    websocket._readyState = CLOSING;
    try {
      this.sender.close(code, reason, !websocket._isServer, (error) => {
        // An error here is the socket's as well, and dealt with there.
        if (error) return;
        websocket._closeFrameSent = true;
        this.endIfAnswered();
      });
    } catch (error) {
      websocket._readyState = OPEN;
      throw error;
    }
    this.setCloseTimer();
    this.transport.flush();
  }

  /** Once both close frames are exchanged, or the peer has broken the protocol, nothing follows. */
  endIfAnswered(): void {
    const { websocket } = this;
    if (!websocket._closeFrameSent) return;
    if (websocket._closeFrameReceived || this.incoming.errored) this.transport.shutdown();
  }

  // What the endpoint reports.

  onMessage(data: MessageData, isBinary: boolean): void {
    this.websocket.emit('message', data, isBinary);
  }

  onPing(data: Buffer): void {
    const { websocket } = this;
    if (websocket._autoPong && websocket._readyState === OPEN) this.answerPing(data);
    websocket.emit('ping', data);
  }

  onPong(data: Buffer): void {
    this.websocket.emit('pong', data);
  }

  onConclude(code: number, reason: Buffer): void {
    const { websocket } = this;
    websocket._closeFrameReceived = true;
    websocket._closeCode = code;
    websocket._closeMessage = detach(reason);
    if (this.closed) return;

    this.transport.discardIncoming();
    if (code === NO_STATUS) websocket.close();
    else websocket.close(code, reason);
  }

  onError(error: Error): void {
    const { websocket } = this;
    if (!this.closed) {
      this.transport.discardIncoming();
      websocket.close((error as ProtocolError)[kStatusCode]);
    }
    this.emitError(error);
    if (this.closed) websocket.emitClose();
  }

  onDrain(): void {
    if (!this.paused) this.transport.resume();
  }

  onFinish(): void {
    if (this.closed) this.websocket.emitClose();
  }

  // What the transport reports.

  onBytes(chunk: Buffer): boolean {
    return this.incoming.write(chunk);
  }

  onEnd(): void {
    this.websocket._readyState = CLOSING;
    this.incoming.end();
  }

  onBroken(): void {
    this.websocket._readyState = CLOSING;
  }

  onClosed(rest: Buffer | null): void {
    this.websocket._readyState = CLOSING;
    if (rest !== null) this.incoming.write(rest);
    this.incoming.end();
    this.closed = true;
    this.socket[kWebSocket] = undefined;
    clearTimeout(this.closeTimer);
    // Otherwise 'close' waits until everything received has been delivered.
    if (this.incoming.finished || this.incoming.errored) this.websocket.emitClose();
  }

  /** RFC 6455 §5.5.2; a peer that pings without reading its pongs is cut off. */
  private answerPing(data: Buffer): void {
    const { websocket } = this;
    const limit = websocket._maxPendingAutoPongs;
    const pongs = (this.autoPongs ??= new AutoPongs());
    if (limit > 0 && pongs.pending >= limit) {
      websocket.terminate();
      return;
    }
    pongs.pending++;
    websocket.pong(data, !websocket._isServer, pongs.done);
  }

  /** A message could not be read. The peer may finish what it is sending. */
  sendFailed(error: Error): void {
    const { websocket } = this;
    if (websocket._readyState === CLOSED) return;
    if (websocket._readyState === OPEN) {
      websocket._readyState = CLOSING;
      this.setCloseTimer();
    }
    this.transport.shutdown();
    this.emitError(error);
  }

  private emitError(error: Error): void {
    const { websocket } = this;
    if (websocket._errorEmitted) return;
    websocket._errorEmitted = true;
    websocket.emit('error', error);
  }

  private setCloseTimer(): void {
    this.closeTimer = setTimeout(destroy, this.websocket._closeTimeout, this.transport);
  }
}

function destroy(transport: Transport): void {
  transport.destroy();
}

/** A copy that keeps neither a read chunk nor Node's buffer pool alive. */
function detach(bytes: Buffer): Buffer {
  if (bytes.length === 0) return EMPTY;
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}
