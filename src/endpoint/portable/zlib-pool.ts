import type { ZlibOptions } from 'node:zlib';
import type { ZlibStream } from './zlib-stream.js';

/** Idle streams kept for one combination of options and window. */
const MAX_IDLE = 8;

const DEFAULTS: ZlibOptions = {};

/**
 * Streams for messages that share no context with others (RFC 7692 §7.1.1). A stream holds up to
 * 256 KiB; connections that need one only while a message passes through it borrow it here.
 */
export class ZlibPool {
  private readonly idle = new WeakMap<ZlibOptions, Map<number, ZlibStream[]>>();

  constructor(private readonly create: (options: ZlibOptions, windowBits: number) => ZlibStream) {}

  /** A stream without context, either idle or new. Throws what zlib says about the options. */
  take(options: ZlibOptions = DEFAULTS, windowBits: number): ZlibStream {
    return this.idle.get(options)?.get(windowBits)?.pop() ?? this.create(options, windowBits);
  }

  /** Gives back what `take` returned for the same arguments. It must have nothing to do. */
  give(options: ZlibOptions = DEFAULTS, windowBits: number, stream: ZlibStream): void {
    let byWindow = this.idle.get(options);
    if (byWindow === undefined) this.idle.set(options, (byWindow = new Map()));
    let streams = byWindow.get(windowBits);
    if (streams === undefined) byWindow.set(windowBits, (streams = []));

    if (streams.length < MAX_IDLE) {
      stream.reset();
      streams.push(stream);
    } else {
      stream.close();
    }
  }
}
