import { Duplex, addAbortSignal } from 'node:stream';
import type { DuplexOptions } from 'node:stream';
import { CLOSED, CONNECTING } from '../handshake/ready-state.js';
import type { WebSocket } from './websocket.js';

type Callback = (error?: Error | null) => void;

/**
 * A Duplex that reads and writes the messages of `websocket`; the boundaries between messages are
 * lost. Ending it closes the connection, destroying it terminates the connection.
 */
export function createWebSocketStream(websocket: WebSocket, options?: DuplexOptions): Duplex {
  return new WebSocketStream(websocket, options);
}

class WebSocketStream extends Duplex {
  private readonly websocket: WebSocket;
  /**
   * Off once the WebSocket has failed: it closes by itself then, and terminating it could keep its
   * close frame, which tells the peer why, from being sent.
   */
  private terminateOnDestroy = true;

  constructor(websocket: WebSocket, options: DuplexOptions | undefined) {
    super({
      ...options,
      // The methods of this class, not the caller's.
      read: undefined,
      write: undefined,
      final: undefined,
      destroy: undefined,
      // Only heeded once there is a WebSocket to terminate.
      signal: undefined,
      // 'close' is emitted when the WebSocket has closed.
      autoDestroy: false,
      emitClose: false,
      objectMode: false,
      writableObjectMode: false
    });
    this.websocket = websocket;

    websocket.on('message', (data: unknown, isBinary: boolean) => {
      const chunk = !isBinary && this.readableObjectMode ? String(data) : data;
      if (!this.push(chunk)) websocket.pause();
    });

    websocket.once('error', (error: Error) => {
      if (this.destroyed) return;
      this.terminateOnDestroy = false;
      this.destroy(error);
    });

    websocket.once('close', () => {
      if (!this.destroyed) this.push(null);
    });

    this.on('end', this.destroyWhenDone);
    this.on('error', this.fail);

    if (options?.signal) addAbortSignal(options.signal, this);
  }

  override _read(): void {
    if (this.websocket.isPaused) this.websocket.resume();
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: Callback): void {
    const { websocket } = this;

    if (websocket.readyState === CONNECTING) {
      websocket.once('open', () => this._write(chunk, encoding, callback));
      return;
    }

    websocket.send(chunk, callback);
  }

  override _final(callback: Callback): void {
    const { websocket } = this;

    if (websocket.readyState === CONNECTING) {
      websocket.once('open', () => this._final(callback));
      return;
    }

    const socket = websocket._socket;
    // The opening handshake failed; the WebSocket's 'error' will follow.
    if (socket === null) return;

    if (socket.writableFinished) {
      callback();
      if (this.readableEnded) this.destroy();
      return;
    }

    // Not destroyed here: 'end' comes later, when the WebSocket has closed.
    socket.once('finish', () => callback());
    websocket.close();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const { websocket } = this;
    const emitClose = () => process.nextTick(() => this.emit('close'));

    if (websocket.readyState === CLOSED) {
      callback(error);
      emitClose();
      return;
    }

    let called = false;

    websocket.once('error', (cause: Error) => {
      called = true;
      callback(cause);
    });

    websocket.once('close', () => {
      if (!called) callback(error);
      emitClose();
    });

    if (this.terminateOnDestroy) websocket.terminate();
  }

  private destroyWhenDone(): void {
    if (!this.destroyed && this.writableFinished) this.destroy();
  }

  /** Destroys the stream, and throws the error if nobody else listens for it. */
  private fail(error: Error): void {
    this.removeListener('error', this.fail);
    this.destroy();
    if (this.listenerCount('error') === 0) this.emit('error', error);
  }
}
