import type { Duplex } from 'node:stream';
import type { Extensions, Masking, Outlet } from '../endpoint/contract.js';
import { frame, type FrameOptions } from '../endpoint/frame.js';
import { Outgoing } from '../endpoint/outgoing.js';
import { masking } from '../select.js';
import { DuplexOutlet } from '../transport/duplex-outlet.js';

/**
 * Frames and writes messages, as ws's class of the same name. One made by a user writes to `socket`
 * at once; a WebSocket's own coalesces its frames.
 */
export class Sender extends Outgoing {
  _socket: Duplex;
  /** Who is told of a message that cannot be read; null for a sender that a user has made. */
  _connection: { sendFailed(error: Error): void } | null = null;

  constructor(
    socket: Duplex,
    extensions?: Extensions,
    generateMask?: (mask: Buffer) => void,
    outlet: Outlet = new DuplexOutlet(socket)
  ) {
    super(outlet, extensions, generateMask);
    this._socket = socket;
  }

  protected override get masking(): Masking {
    return masking;
  }

  override onerror(error: Error): void {
    this._connection?.sendFailed(error);
  }

  /**
   * Frames `data` (RFC 6455 §5.2). The returned pieces follow each other on the wire. With `mask` and
   * without `readOnly` the memory of `data` is masked in place.
   */
  static frame(data: Buffer | string, options: FrameOptions): Buffer[] {
    return frame(data, options, masking);
  }
}
