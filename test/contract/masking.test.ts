import { describe, expect, it } from 'vitest';
import { openPair } from './pair.js';
import { Random } from './random.js';
import { openMemory } from './raw-memory.js';
import { openRaw } from './raw-peer.js';
import { BINARY, frame, readFrames } from './wire.js';

/** Short ones all, and those around which ways of masking and of framing change. */
const lengths = [
  ...Array.from({ length: 150 }, (_, i) => i),
  ...[1023, 1024, 4095, 8185, 8186, 8187, 8191, 8192, 8193, 65_535, 65_536, 100_003]
];

describe('a client', () => {
  it('masks payloads of every length, wherever they begin — RFC 6455 §5.3', async () => {
    const { near, ws } = openMemory('client');
    const random = new Random(1);
    const sent: Buffer[] = [];
    for (const length of lengths) {
      for (const offset of [0, 1, 2, 3]) {
        const data = random.bytes(length + offset).subarray(offset);
        sent.push(data);
        ws.send(data);
      }
      await Promise.resolve();
    }
    await new Promise(setImmediate);
    const frames = readFrames(near.written);
    expect(frames.every(({ masked, opcode }) => masked && opcode === BINARY)).toBe(true);
    expect(frames.map(({ payload }, i) => payload.equals(sent[i]))).toEqual(sent.map(() => true));
  });

  it('masks text — RFC 6455 §5.3', async () => {
    const { peer, ws } = await openRaw('client');
    const texts = ['', 'a', 'ä€😀', 'x'.repeat(126), 'ü'.repeat(5000)];
    for (const text of texts) ws.send(text);
    const frames = await peer.nextFrames(texts.length);
    expect(frames.every(({ masked }) => masked)).toBe(true);
    expect(frames.map(({ payload }) => String(payload))).toEqual(texts);
  });

  it('uses another key for every frame — RFC 6455 §5.3', async () => {
    const { peer, ws } = await openRaw('client');
    for (let i = 0; i < 100; i++) ws.send('same');
    const frames = await peer.nextFrames(100);
    expect(new Set(frames.map(({ key }) => key!.toString('hex'))).size).toBeGreaterThan(95);
  });

  it('masks its control frames too — RFC 6455 §5.1', async () => {
    const { peer, ws } = await openRaw('client');
    ws.ping('ping');
    ws.pong('pong');
    peer.send('auto', { opcode: 9 });
    const frames = await peer.nextFrames(3);
    ws.close(1000, 'close');
    frames.push(await peer.next());
    expect(frames.map(({ masked }) => masked)).toEqual([true, true, true, true]);
    expect(frames.map(({ payload }) => String(payload))).toEqual([
      'ping',
      'pong',
      'auto',
      '\u0003\ufffdclose'
    ]);
  });

  it('asks generateMask for the key of every frame', async () => {
    let calls = 0;
    const generateMask = (mask: Buffer) => void mask.fill(++calls);
    const { peer, ws } = await openRaw('client', { generateMask });
    ws.send('a');
    ws.send(Buffer.alloc(10_000));
    ws.ping();
    const frames = await peer.nextFrames(3);
    expect(frames.map(({ key }) => key!.toString('hex'))).toEqual([
      '01010101',
      '02020202',
      '03030303'
    ]);
  });

  it('sends the payload as it is with a key of zeros', async () => {
    const { peer, ws } = await openRaw('client', { generateMask: (mask) => void mask.fill(0) });
    ws.send('plain');
    await peer.next();
    expect(peer.chunks[0].toString('latin1')).toBe('\x81\x85\0\0\0\0plain');
  });

  it('leaves out the mask when it is told to', async () => {
    const { peer, ws } = await openRaw('client');
    ws.send('bare', { mask: false });
    ws.ping('bare', false);
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ masked }) => masked)).toEqual([false, false]);
  });
});

describe('a server', () => {
  it('does not mask — RFC 6455 §5.1', async () => {
    const { peer, ws } = await openRaw('server');
    ws.send('text');
    ws.send(Buffer.alloc(70_000));
    ws.ping('ping');
    ws.close(1000);
    const frames = await peer.nextFrames(4);
    expect(frames.map(({ masked }) => masked)).toEqual([false, false, false, false]);
  });

  it('masks when it is told to', async () => {
    const { peer, ws } = await openRaw('server');
    ws.send('masked', { mask: true });
    ws.pong('masked', true);
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ masked }) => masked)).toEqual([true, true]);
    expect(frames.map(({ payload }) => String(payload))).toEqual(['masked', 'masked']);
  });

  it('unmasks payloads of every length, wherever they begin — RFC 6455 §5.3', async () => {
    const { far, ws } = openMemory('server', { maxPayload: 0 });
    const random = new Random(2);
    const received: Buffer[] = [];
    const sent: Buffer[] = [];
    ws.on('message', (data: Buffer) => received.push(data));
    await new Promise(setImmediate);
    for (const length of lengths) {
      // In one chunk, so that each begins where the one before it ends.
      const batch = [0, 1, 2].map((extra) => random.bytes(length + extra));
      sent.push(...batch);
      far.write(Buffer.concat(batch.map((data) => frame(data, { key: random.bytes(4) }))));
    }
    await new Promise(setImmediate);
    expect(received.map((data, i) => data.equals(sent[i]))).toEqual(sent.map(() => true));
  });
});

describe('client and server', () => {
  it('understand each other at every length', async () => {
    const { client, server } = await openPair('TCP', { client: { perMessageDeflate: false } });
    const wrong: number[] = [];
    const random = new Random(3);
    const all = new Promise<void>((resolve) => {
      let count = 0;
      server.on('message', (data: Buffer) => server.send(data));
      client.on('message', (data: Buffer) => {
        if (!data.equals(sent[count])) wrong.push(data.length);
        if (++count === lengths.length) resolve();
      });
    });
    const sent = lengths.map((length) => random.bytes(length));
    for (const data of sent) client.send(data);
    await all;
    expect(wrong).toEqual([]);
  });
});
