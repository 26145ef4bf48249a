import { onTestFinished } from 'vitest';
import type { ClientOptions, SetSocketOptions } from '../../src/handshake/options.js';
import { duplexPair, type DuplexEnd } from './duplex-pair.js';
import { WebSocket } from './library.js';
import type { Role } from './raw-peer.js';
import { frame, readFrames, type FrameShape, type ReadFrame } from './wire.js';

/** A connection over memory to a peer made by hand, without an opening handshake. */
export interface MemoryConnection {
  ws: WebSocket;
  /** The library's socket: `writes` are the calls that a system would have got. */
  near: DuplexEnd;
  /** The peer's: each write arrives at once, as one chunk. */
  far: DuplexEnd;
  /** A frame of the peer, masked as its role demands. */
  frame(payload: string | Uint8Array, shape?: FrameShape): Buffer;
  /** What the library has written so far. */
  frames(): ReadFrame[];
}

export function openMemory(
  role: Role,
  options: ClientOptions & SetSocketOptions = {}
): MemoryConnection {
  const [near, far] = duplexPair();
  const ws = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 30_000, ...options });
  onTestFinished(() => ws.terminate());
  (ws as unknown as { _isServer: boolean })._isServer = role === 'server';
  ws.setSocket(near, Buffer.alloc(0), options);
  far.resume();

  const key = role === 'server' ? Buffer.from([0x81, 0x42, 0x24, 0x18]) : null;
  return {
    ws,
    near,
    far,
    frame: (payload, shape) => frame(payload, { key, ...shape }),
    frames: () => readFrames(near.written)
  };
}
