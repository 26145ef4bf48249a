import { describe, expect, it } from 'vitest';
import { livingBytes } from './garbage.js';
import { isStock } from './library.js';
import { openMemory } from './raw-memory.js';
import { roles } from './raw-peer.js';
import { CONTINUATION, PING } from './wire.js';

const MiB = 1024 * 1024;

/** As a system hands bytes over: a few in the memory of a whole read. */
function inReadChunk(bytes: Buffer): Buffer {
  const memory = Buffer.allocUnsafeSlow(64 * 1024);
  bytes.copy(memory);
  return memory.subarray(0, bytes.length);
}

describe.each(roles)('the memory of a %s', (role) => {
  const open = async (options = {}) => {
    const connection = openMemory(role, { maxPayload: 0, ...options });
    const { near } = connection;
    await new Promise(setImmediate);
    return { ...connection, deliver: (bytes: Buffer) => near.push(inReadChunk(bytes)) };
  };

  it.skipIf(isStock)('is bounded by the bytes of a message that comes byte by byte', async () => {
    const { deliver, frame, ws } = await open();
    const before = await livingBytes();
    const bytes = frame(Buffer.alloc(8000));
    for (const byte of bytes.subarray(0, 7000)) deliver(Buffer.of(byte));
    // In the memory of their reads they would be 437 MiB.
    expect((await livingBytes()) - before).toBeLessThan(4 * MiB);
    expect(ws.readyState).toBe(1);
  });

  it.skipIf(isStock)('is bounded by the bytes of a message of tiny fragments', async () => {
    const { deliver, frame, ws } = await open();
    const before = await livingBytes();
    deliver(frame('x', { fin: false }));
    for (let i = 0; i < 7000; i++) deliver(frame('x', { opcode: CONTINUATION, fin: false }));
    expect((await livingBytes()) - before).toBeLessThan(4 * MiB);
    expect(ws.readyState).toBe(1);
  });

  it.skipIf(isStock).each(['fragments', 'blob'] as const)(
    'is bounded by the bytes of a message of tiny fragments with the binary type %s',
    async (binaryType) => {
      const { deliver, frame, ws } = await open();
      ws.binaryType = binaryType;
      const before = await livingBytes();
      deliver(frame(Buffer.from('x'), { fin: false }));
      for (let i = 0; i < 3000; i++) deliver(frame('x', { opcode: CONTINUATION, fin: false }));
      expect((await livingBytes()) - before).toBeLessThan(4 * MiB);
      expect(ws.readyState).toBe(1);
    }
  );

  it('does not grow with empty fragments', async () => {
    const { deliver, frame, ws } = await open();
    const before = await livingBytes();
    deliver(frame('', { fin: false }));
    const empty = frame('', { opcode: CONTINUATION, fin: false });
    for (let i = 0; i < 100; i++) deliver(Buffer.concat(Array.from({ length: 200 }, () => empty)));
    expect((await livingBytes()) - before).toBeLessThan(4 * MiB);
    expect(ws.readyState).toBe(1);
  });

  it('is not taken for what a header announces — RFC 6455 §10.4', async () => {
    const { deliver, frame, ws } = await open();
    const before = await livingBytes();
    deliver(frame('', { claimedLength: 2 ** 33 }).subarray(0, 14));
    deliver(Buffer.from('some'));
    expect((await livingBytes()) - before).toBeLessThan(4 * MiB);
    expect(ws.readyState).toBe(1);
  });

  it.skipIf(isStock)('of a read is not kept by an idle connection', async () => {
    const connections = [];
    for (let i = 0; i < 100; i++) connections.push(await open());
    const before = await livingBytes();
    for (const { deliver, frame } of connections) {
      deliver(Buffer.concat([frame('message'), frame('p', { opcode: PING })]));
      // The beginning of a frame, and then silence.
      deliver(frame('more').subarray(0, 3));
    }
    expect((await livingBytes()) - before).toBeLessThan(3 * MiB);
    expect(connections.every(({ ws }) => ws.readyState === 1)).toBe(true);
  });
});
