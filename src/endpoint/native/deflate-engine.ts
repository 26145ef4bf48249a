import type { ZlibOptions } from 'node:zlib';
import type { CodecSide, DeflateEngine, DeflateStatistics, SideOptions } from '../contract.js';
import type { Binding } from './binding.js';
import { NONE, NativeCodecs } from './codecs.js';
import { NativeDeflater, SYNC_MAX, THOROUGH_LEVEL, THOROUGH_SYNC_MAX } from './deflater.js';
import { NativeInflater } from './inflater.js';

/** zlib's defaults. */
const LEVEL = -1;
const MEM_LEVEL = 8;
const STRATEGY = 0;

/** permessage-deflate in Rust. What has no meaning there is ignored: zlib's buffers and flushing. */
export class NativeDeflateEngine implements DeflateEngine {
  readonly name = 'zlib-rs';
  private readonly codecs: NativeCodecs;

  constructor(binding: Binding) {
    this.codecs = new NativeCodecs(binding);
  }

  get statistics(): DeflateStatistics {
    return this.codecs.statistics;
  }

  /** Null when the options ask for what only Node's zlib has, its errors about them included. */
  createDeflater(options: SideOptions, idleTimeout: number): CodecSide | null {
    const { codecs } = this;
    const { windowBits, takeover } = options;
    const zlib: ZlibOptions = options.zlib ?? {};
    const { level = LEVEL, memLevel = MEM_LEVEL, strategy = STRATEGY } = zlib;
    if (zlib.dictionary !== undefined) return null;
    if (![level, memLevel, strategy].every(Number.isInteger)) return null;
    if (level < -1 || memLevel < 1 || strategy < 0) return null;
    const idle = Math.min(idleTimeout, 0xffff_ffff);
    const open = () =>
      codecs.addon.openDeflater(level, windowBits, memLevel, strategy, takeover, idle);
    // Whether the rest is valid is known to the addon.
    const id = open();
    if (id === NONE) return null;
    return new NativeDeflater(codecs, open, id, `${level} ${windowBits} ${memLevel} ${strategy}`, {
      takeover,
      idle,
      syncMax: level < THOROUGH_LEVEL ? SYNC_MAX : THOROUGH_SYNC_MAX
    });
  }

  createInflater(options: SideOptions, maxPayload: () => number): CodecSide | null {
    const { codecs } = this;
    const { windowBits, takeover } = options;
    if (options.zlib?.dictionary !== undefined) return null;
    return new NativeInflater(
      codecs,
      () => codecs.addon.openInflater(windowBits, takeover),
      takeover,
      maxPayload
    );
  }
}
