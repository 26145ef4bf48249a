import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from './library.js';
import { carriers, openPair } from './pair.js';
import { openRaw, roles } from './raw-peer.js';
import { BINARY, TEXT } from './wire.js';

const sizes = [0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024 + 1];

/** Differ from place to place, also at distances of powers of two. */
const all = Buffer.from(Uint8Array.from({ length: 1024 * 1024 + 1 }, (_, i) => (i * 7) % 251));
const texts = new Map(sizes.map((size) => [size, all.toString('latin1', 0, size)]));
const bytes = (length: number) => all.subarray(0, length);
const text = (length: number) => texts.get(length)!;

describe.each(carriers)('over %s', (carrier) => {
  describe.each([
    ['a client', 'a server'],
    ['a server', 'a client']
  ])('%s sends, %s receives', (sender) => {
    const open = async () => {
      const { client, server } = await openPair(carrier, { client: { perMessageDeflate: false } });
      return sender === 'a client' ? { from: client, to: server } : { from: server, to: client };
    };
    const next = (to: WebSocket) => once(to, 'message') as Promise<[Buffer, boolean]>;

    it.each(sizes)('a text message of %d characters — RFC 6455 §5.6', async (size) => {
      const { from, to } = await open();
      const message = next(to);
      from.send(text(size));
      const [data, isBinary] = await message;
      expect(isBinary).toBe(false);
      expect(Buffer.isBuffer(data)).toBe(true);
      expect(data.toString() === text(size)).toBe(true);
    });

    it.each(sizes)('a binary message of %d bytes — RFC 6455 §5.6', async (size) => {
      const { from, to } = await open();
      const message = next(to);
      from.send(bytes(size));
      const [data, isBinary] = await message;
      expect(isBinary).toBe(true);
      expect(data.equals(bytes(size))).toBe(true);
    });

    it('messages of all sizes in the order in which they were sent', async () => {
      const { from, to } = await open();
      const lengths: number[] = [];
      const done = new Promise<void>((resolve) => {
        to.on('message', (data: Buffer) => {
          lengths.push(data.length);
          if (lengths.length === sizes.length * 3) resolve();
        });
      });
      for (const round of [1, 2, 3]) {
        for (const size of sizes) from.send(round % 2 === 0 ? text(size) : bytes(size));
      }
      await done;
      const twoBytes = sizes.map((size) => Buffer.byteLength(text(size)));
      expect(lengths).toEqual([...sizes, ...twoBytes, ...sizes]);
    });
  });
});

describe.each(roles)('a %s', (role) => {
  it.each<[string, unknown, string]>([
    ['a number', 42, '42'],
    ['zero', 0, '0'],
    ['an empty string', '', '']
  ])('sends %s as text', async (_name, data, expected) => {
    const { peer, ws } = await openRaw(role);
    ws.send(data);
    const { opcode, payload } = await peer.next();
    expect([opcode, payload.toString()]).toEqual([TEXT, expected]);
  });

  it.each<[string, unknown, number[]]>([
    ['an ArrayBuffer', Uint8Array.from([1, 2, 3]).buffer, [1, 2, 3]],
    ['a typed array', Uint16Array.from([0x0201]), [1, 2]],
    ['a DataView', new DataView(Uint8Array.from([0, 1, 2]).buffer, 1), [1, 2]],
    ['an array of numbers', [1, 2, 3], [1, 2, 3]],
    ['a Blob', new Blob([Uint8Array.from([1, 2])]), [1, 2]],
    ['null', null, []],
    ['undefined', undefined, []]
  ])('sends %s as binary', async (_name, data, expected) => {
    const { peer, ws } = await openRaw(role);
    ws.send(data);
    const { opcode, payload } = await peer.next();
    expect(opcode).toBe(BINARY);
    expect([...payload]).toEqual(expected);
  });

  it.each([
    [{ binary: true }, 'text', BINARY],
    [{ binary: false }, Buffer.from('text'), TEXT]
  ])('sends with %o as the type asked for', async (options, data, expected) => {
    const { peer, ws } = await openRaw(role);
    ws.send(data, options);
    const { opcode, payload } = await peer.next();
    expect([opcode, payload.toString()]).toEqual([expected, 'text']);
  });

  it.each([true, 1n, Symbol('s'), {}])('refuses to send %s', async (data) => {
    const { ws } = await openRaw(role);
    expect(() => ws.send(data)).toThrow(TypeError);
  });

  it('receives text of every plane of Unicode — RFC 6455 §8.1', async () => {
    const { peer, ws } = await openRaw(role);
    const all = '\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}';
    peer.send(all);
    const [data] = await once(ws, 'message');
    expect(String(data)).toBe(all);
  });
});
