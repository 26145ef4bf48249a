import type { CodecCallback, CodecSide } from '../contract.js';
import type { NativeCodecs } from './codecs.js';

/** Longest compressed frame that is tried synchronously. The addon gives up when it becomes long. */
export const SYNC_MAX = 32 * 1024;

/** The decompressing side of a connection (RFC 7692 §7.2.2). */
export class NativeInflater implements CodecSide {
  private id = -1;
  private job = -1;
  /** The addon has begun with the frame that becomes a job next. */
  private begun = false;
  private inMessage = false;

  /** `maxPayload` is asked before each frame; 0 means no limit. */
  constructor(
    private readonly codecs: NativeCodecs,
    private readonly open: () => number,
    private readonly takeover: boolean,
    private readonly maxPayload: () => number
  ) {}

  get engine(): unknown {
    return this.id >= 0 && (this.takeover || this.inMessage) ? this : null;
  }

  now(data: Buffer, fin: boolean): Buffer | Error | null {
    if (this.begun || data.length > SYNC_MAX) return null;
    const result = this.codecs.inflate(this.begin(), data, fin, this.limit());
    this.begun = result === null;
    this.inMessage = !fin && !(result instanceof Error);
    return result;
  }

  later(data: Buffer, fin: boolean, callback: CodecCallback): void {
    this.begun = false;
    this.inMessage = !fin;
    const limit = this.limit();
    this.job = this.codecs.startInflate(this.begin(), data, fin, limit, (error, inflated) => {
      this.job = -1;
      if (error !== null) this.inMessage = false;
      callback(error, inflated);
    });
  }

  close(): void {
    if (this.job >= 0) this.codecs.forget(this.job);
    if (this.id >= 0) this.codecs.addon.closeInflater(this.id);
    this.job = this.id = -1;
    this.begun = this.inMessage = false;
  }

  private begin(): number {
    if (this.id < 0) this.id = this.open();
    return this.id;
  }

  private limit(): number {
    return Math.max(0, this.maxPayload() | 0);
  }
}
