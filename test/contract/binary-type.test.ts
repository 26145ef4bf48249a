import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { BinaryType } from '../../src/endpoint/contract.js';
import { openRaw, roles } from './raw-peer.js';
import { BINARY, CONTINUATION } from './wire.js';

const types = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const;

/** The bytes of a message of any type, and what it is. */
async function read(data: unknown): Promise<[type: string, bytes: string]> {
  if (data instanceof ArrayBuffer) return ['arraybuffer', Buffer.from(data).toString()];
  if (data instanceof Blob) return ['blob', await data.text()];
  if (Array.isArray(data)) return ['fragments', data.map(String).join('|')];
  return [Buffer.isBuffer(data) ? 'nodebuffer' : typeof data, String(data)];
}

describe.each(roles)('a %s', (role) => {
  it('has nodebuffer at first', async () => {
    const { ws } = await openRaw(role);
    expect(ws.binaryType).toBe('nodebuffer');
  });

  describe.each(types)('with %s', (binaryType) => {
    const open = async () => {
      const connection = await openRaw(role);
      connection.ws.binaryType = binaryType;
      return connection;
    };

    it('delivers a message of one frame', async () => {
      const { peer, ws } = await open();
      peer.send(Buffer.from('whole'));
      const [data, isBinary] = await once(ws, 'message');
      expect(isBinary).toBe(true);
      expect(await read(data)).toEqual([binaryType, 'whole']);
    });

    it('delivers a message of several frames — RFC 6455 §5.4', async () => {
      const { peer, ws } = await open();
      peer.send(Buffer.from('one'), { fin: false });
      peer.send('', { opcode: CONTINUATION, fin: false });
      peer.send('two', { opcode: CONTINUATION });
      const [data] = await once(ws, 'message');
      const expected = binaryType === 'fragments' ? 'one|two' : 'onetwo';
      expect(await read(data)).toEqual([binaryType, expected]);
    });

    it('delivers an empty message', async () => {
      const { peer, ws } = await open();
      peer.send('', { opcode: BINARY });
      const [data] = await once(ws, 'message');
      expect(await read(data)).toEqual([binaryType, '']);
      if (binaryType === 'fragments') expect(data).toEqual([]);
    });

    it('delivers a message of many chunks', async () => {
      const { peer, ws } = await open();
      const bytes = Buffer.alloc(300_000, 'abcdefghijk');
      peer.send(bytes);
      const [data] = await once(ws, 'message');
      const [type, text] = await read(data);
      expect(type).toBe(binaryType);
      expect(text === bytes.toString()).toBe(true);
    });

    it('delivers text as a Buffer', async () => {
      const { peer, ws } = await open();
      peer.send('te', { fin: false });
      peer.send('xt', { opcode: CONTINUATION });
      expect(await once(ws, 'message')).toEqual([Buffer.from('text'), false]);
    });

    it('delivers control frames as Buffers', async () => {
      const { peer, ws } = await open();
      peer.send('data', { opcode: 10 });
      expect(await once(ws, 'pong')).toEqual([Buffer.from('data')]);
    });
  });

  it('delivers an ArrayBuffer of exactly the message', async () => {
    const { peer, ws } = await openRaw(role);
    ws.binaryType = 'arraybuffer';
    peer.write(Buffer.concat([peer.frame(Buffer.from('a')), peer.frame(Buffer.from('bc'))]));
    const lengths: number[] = [];
    ws.on('message', (data: ArrayBuffer) => lengths.push(data.byteLength));
    while (lengths.length < 2) await once(ws, 'message');
    expect(lengths).toEqual([1, 2]);
  });

  it('can be changed between two messages of one chunk', async () => {
    const { peer, ws } = await openRaw(role);
    const seen: unknown[] = [];
    const order: BinaryType[] = ['arraybuffer', 'fragments', 'blob', 'nodebuffer'];
    const done = new Promise<void>((resolve) => {
      ws.on('message', (data: unknown) => {
        seen.push(data);
        if (seen.length === 4) resolve();
        else ws.binaryType = order[seen.length - 1];
      });
    });
    peer.write(Buffer.concat(['1', '2', '3', '4'].map((n) => peer.frame(Buffer.from(n)))));
    await done;
    expect(await Promise.all(seen.map(read))).toEqual([
      ['nodebuffer', '1'],
      ['arraybuffer', '2'],
      ['fragments', '3'],
      ['blob', '4']
    ]);
  });

  it('ignores a type that does not exist', async () => {
    const { ws } = await openRaw(role);
    ws.binaryType = 'arraybuffer';
    ws.binaryType = 'text' as BinaryType;
    expect(ws.binaryType).toBe('arraybuffer');
  });

  it('can send what it has received, whatever its type', async () => {
    const { peer, ws } = await openRaw(role);
    ws.on('message', (data: unknown) => {
      if (Array.isArray(data)) for (const piece of data) ws.send(piece);
      else ws.send(data);
    });
    for (const binaryType of types) {
      ws.binaryType = binaryType;
      peer.send(Buffer.from(binaryType));
      const { opcode, payload } = await peer.next();
      expect([opcode, payload.toString()]).toEqual([BINARY, binaryType]);
    }
  });
});
