import type { CodecCallback, CodecSide } from '../contract.js';
import type { NativeCodecs } from './codecs.js';

/**
 * Longest message compressed synchronously: a quarter of a millisecond of this thread's time. The way
 * over the thread pool costs 15 to 80 us more of the processor's.
 */
export const SYNC_MAX = 32 * 1024;

/** The same for levels from 7 on, which take several times as long. */
export const THOROUGH_SYNC_MAX = 8 * 1024;
export const THOROUGH_LEVEL = 7;

/** What the last text was compressed to, without context, and with which parameters. */
let lastText = '';
let lastParameters = '';
let lastBlock: Buffer | null = null;

/** The compressing side of a connection (RFC 7692 §7.2.1). */
export class NativeDeflater implements CodecSide {
  private id: number;
  private job = -1;
  private inMessage = false;

  /** `parameters` are equal where what is compressed without context is equal. */
  constructor(
    private readonly codecs: NativeCodecs,
    private readonly open: () => number,
    id: number,
    private readonly parameters: string,
    private readonly context: {
      readonly takeover: boolean;
      readonly idle: number;
      readonly syncMax: number;
    }
  ) {
    this.id = id;
  }

  get engine(): unknown {
    return this.id >= 0 && (this.context.takeover || this.inMessage) ? this : null;
  }

  now(data: Buffer | string, fin: boolean): Buffer | Error | null {
    if (data.length > this.context.syncMax) return null;
    const id = this.begin();
    const whole = fin && !this.inMessage;
    this.inMessage = !fin;
    if (whole && !this.context.takeover && typeof data === 'string') return this.repeatable(data);
    return this.codecs.compress(id, data, fin);
  }

  later(data: Buffer, fin: boolean, callback: CodecCallback): void {
    const id = this.begin();
    this.inMessage = !fin;
    this.job = this.codecs.startCompress(id, data, fin, (error, deflated) => {
      this.job = -1;
      callback(error, deflated);
    });
  }

  apart(data: Buffer): Buffer | Error {
    return this.codecs.compressApart(this.begin(), data);
  }

  dropContext(): void {
    if (this.id >= 0) this.codecs.addon.dropContext(this.id);
  }

  close(): void {
    if (this.job >= 0) this.codecs.forget(this.job);
    if (this.id >= 0) this.codecs.addon.closeDeflater(this.id);
    this.job = this.id = -1;
    this.inMessage = false;
  }

  private begin(): number {
    if (this.id < 0) this.id = this.open();
    this.codecs.watch(this.context.idle);
    return this.id;
  }

  /** `for (const client of clients) client.send(text)` compresses once. */
  private repeatable(text: string): Buffer | Error {
    if (lastBlock !== null && text === lastText && this.parameters === lastParameters) {
      return lastBlock;
    }
    const block = this.codecs.compress(this.id, text, true);
    if (block instanceof Error) return block;
    lastText = text;
    lastParameters = this.parameters;
    lastBlock = block;
    return block;
  }
}
