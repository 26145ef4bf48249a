import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SendCallback } from '../../endpoint/contract.js';
import type { NativeReactor, SocketAddress } from '../../endpoint/native/binding.js';

/** The connection that a socket stands for. */
export interface LeanOwner {
  readonly id: number;
  readonly reactor: { readonly native: NativeReactor };
  readonly destroyed: boolean;
  readonly isClosed: boolean;
  /** The peer has half-closed. */
  readonly hasEnded: boolean;
  /** Nothing more can be sent; the peer has been told. */
  readonly isShutDown: boolean;
  readonly hasFinished: boolean;
  readonly isPaused: boolean;
  /** The kernel has not taken everything. */
  readonly blocked: boolean;
  readonly bufferedAmount: number;
  readonly bytesHeld: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  pause(): void;
  resume(): void;
  tap(): void;
  keepAlive(alive: boolean): void;
  writeThrough(list: readonly Buffer[], callback?: SendCallback): void;
  shutdown(): void;
  destroy(error?: Error): void;
}

type Listener = (...args: any[]) => void;

/** What only few sockets are asked for. */
interface Rare {
  /** The peer's address, which outlives the connection once it was asked for. */
  peer: SocketAddress | null;
  timeout: number;
  timer: NodeJS.Timeout | undefined;
  /** Bytes read and written when the timer was started. */
  traffic: number;
  needsDrain: boolean;
}

// An emitter that is not constructed makes its storage for the first listener.
export interface LeanSocket extends EventEmitter {}

/**
 * What a connection has for a socket when Node's is gone: the part of `net.Socket` that programs use
 * of a WebSocket's. It is no stream.
 */
export class LeanSocket {
  private readonly transport: LeanOwner;
  private rare: Rare | null = null;

  constructor(transport: LeanOwner) {
    this.transport = transport;
  }

  // Addresses.

  get remoteAddress(): string | undefined {
    return this.peer?.address;
  }

  get remotePort(): number | undefined {
    return this.peer?.port;
  }

  get remoteFamily(): string | undefined {
    return this.peer?.family;
  }

  get localAddress(): string | undefined {
    return this.local?.address;
  }

  get localPort(): number | undefined {
    return this.local?.port;
  }

  get localFamily(): string | undefined {
    return this.local?.family;
  }

  address(): AddressInfo | Record<string, never> {
    return this.local ?? {};
  }

  private get peer(): SocketAddress | null {
    const { transport } = this;
    if (this.rare?.peer) return this.rare.peer;
    if (transport.destroyed) return null;
    const peer = transport.reactor.native.address(transport.id, true);
    if (peer !== null) this.rarely().peer = peer;
    return peer;
  }

  private get local(): SocketAddress | null {
    const { transport } = this;
    return transport.destroyed ? null : transport.reactor.native.address(transport.id, false);
  }

  // Its state.

  get destroyed(): boolean {
    return this.transport.destroyed;
  }

  get closed(): boolean {
    return this.transport.isClosed;
  }

  get connecting(): boolean {
    return false;
  }

  get pending(): boolean {
    return this.transport.destroyed;
  }

  get readable(): boolean {
    return !this.transport.destroyed && !this.transport.hasEnded;
  }

  get readableEnded(): boolean {
    return this.transport.hasEnded;
  }

  /** Bytes of messages that wait because the connection is paused. */
  get readableLength(): number {
    return this.transport.bytesHeld;
  }

  get writable(): boolean {
    return !this.transport.destroyed && !this.transport.isShutDown;
  }

  get writableEnded(): boolean {
    return this.transport.isShutDown;
  }

  get writableFinished(): boolean {
    return this.transport.hasFinished;
  }

  /** Bytes that the kernel has not taken, those of the WebSocket included. */
  get writableLength(): number {
    return this.transport.bufferedAmount;
  }

  get bufferSize(): number {
    return this.transport.bufferedAmount;
  }

  get readyState(): string {
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get bytesRead(): number {
    return this.transport.bytesRead;
  }

  get bytesWritten(): number {
    return this.transport.bytesWritten;
  }

  get timeout(): number {
    return this.rare === null ? 0 : this.rare.timeout;
  }

  isPaused(): boolean {
    return this.transport.isPaused;
  }

  // What can be done to it.

  pause(): this {
    this.transport.pause();
    return this;
  }

  resume(): this {
    this.transport.resume();
    return this;
  }

  ref(): this {
    this.transport.keepAlive(true);
    return this;
  }

  unref(): this {
    this.transport.keepAlive(false);
    return this;
  }

  /** Sends bytes behind everything that was sent. False: 'drain' comes once the kernel has them. */
  write(data: string | Uint8Array, encoding?: BufferEncoding | SendCallback, done?: SendCallback) {
    const callback = typeof encoding === 'function' ? encoding : done;
    const chunk =
      typeof data === 'string'
        ? Buffer.from(data, typeof encoding === 'string' ? encoding : 'utf8')
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const { transport } = this;
    transport.writeThrough([chunk], callback);
    if (!transport.blocked) return this.writable;
    this.rarely().needsDrain = true;
    return false;
  }

  end(
    data?: string | Uint8Array | (() => void) | null,
    encoding?: BufferEncoding | (() => void),
    done?: () => void
  ): this {
    const callback = [data, encoding, done].find((argument) => typeof argument === 'function');
    if (typeof data !== 'function' && data !== undefined && data !== null) {
      this.write(data, typeof encoding === 'string' ? encoding : undefined);
    }
    if (callback) {
      if (this.writableFinished) process.nextTick(callback as () => void);
      else this.once('finish', callback as () => void);
    }
    this.transport.shutdown();
    return this;
  }

  /** What has been sent is given to the kernel first. */
  destroy(error?: Error): this {
    this.transport.destroy(error);
    return this;
  }

  /** The peer is told of a reset. */
  resetAndDestroy(): this {
    const { transport } = this;
    if (!transport.destroyed) transport.reactor.native.resetOnClose(transport.id);
    return this.destroy();
  }

  /** Destroys it once everything is given to the kernel. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy).end();
  }

  /** What is sent in one tick leaves together as it is. */
  cork(): void {}

  uncork(): void {}

  setNoDelay(noDelay = true): this {
    const { transport } = this;
    if (!transport.destroyed) transport.reactor.native.setNoDelay(transport.id, Boolean(noDelay));
    return this;
  }

  setKeepAlive(enable = false, initialDelay = 0): this {
    const { transport } = this;
    if (!transport.destroyed) {
      const seconds = Math.max(0, Math.trunc(initialDelay / 1000));
      transport.reactor.native.setKeepAlive(transport.id, Boolean(enable), seconds);
    }
    return this;
  }

  /**
   * Emits 'timeout' when nothing was received or sent for `milliseconds`; 0 ends that. The traffic is
   * looked at once in that time, so that it may take up to twice as long.
   */
  setTimeout(milliseconds: number, callback?: () => void): this {
    if (this.destroyed) return this;
    const rare = this.rarely();
    clearTimeout(rare.timer);
    rare.timer = undefined;
    rare.timeout = milliseconds;
    if (callback !== undefined) {
      if (milliseconds === 0) this.removeListener('timeout', callback);
      else this.once('timeout', callback);
    }
    if (milliseconds > 0) {
      rare.traffic = this.traffic;
      rare.timer = setTimeout(checkTraffic, milliseconds, this).unref();
    }
    return this;
  }

  private get traffic(): number {
    return this.bytesRead + this.bytesWritten - this.writableLength;
  }

  /** The timeout's time is over. */
  checkTraffic(): void {
    const { rare } = this;
    if (rare === null || this.destroyed) return;
    const { traffic } = this;
    if (traffic === rare.traffic) {
      rare.timer = undefined;
      this.emit('timeout');
    } else {
      rare.traffic = traffic;
      rare.timer = setTimeout(checkTraffic, rare.timeout, this).unref();
    }
  }

  /** The kernel has taken everything. */
  drained(): void {
    if (!this.rare?.needsDrain) return;
    this.rare.needsDrain = false;
    this.emit('drain');
  }

  // Listeners.

  on(name: string | symbol, listener: Listener): this {
    if (name === 'data') this.transport.tap();
    return EventEmitter.prototype.on.call(this, name, listener) as this;
  }

  addListener(name: string | symbol, listener: Listener): this {
    return this.on(name, listener);
  }

  prependListener(name: string | symbol, listener: Listener): this {
    if (name === 'data') this.transport.tap();
    return EventEmitter.prototype.prependListener.call(this, name, listener) as this;
  }

  private rarely(): Rare {
    return (this.rare ??= {
      peer: null,
      timeout: 0,
      timer: undefined,
      traffic: 0,
      needsDrain: false
    });
  }
}

Object.setPrototypeOf(LeanSocket.prototype, EventEmitter.prototype);

function checkTraffic(socket: LeanSocket): void {
  socket.checkTraffic();
}
