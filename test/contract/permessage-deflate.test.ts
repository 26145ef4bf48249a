import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { PerMessageDeflateOptions } from '../../src/endpoint/deflate-parameters.js';
import { take } from './events.js';
import { carriers, openPair, type Carrier, type PairOptions } from './pair.js';
import { frame } from './wire.js';

const on: PairOptions = { server: { perMessageDeflate: true } };
const open = (carrier: Carrier = 'TCP', server: PerMessageDeflateOptions = {}) =>
  openPair(carrier, { server: { perMessageDeflate: server } });

/** Bytes that a socket has written while something was done. */
async function written(ws: unknown, during: () => Promise<unknown>): Promise<number> {
  const { _socket } = ws as { _socket: { bytesWritten: number } };
  const before = _socket.bytesWritten;
  await during();
  return _socket.bytesWritten - before;
}

describe.each(carriers)('over %s', (carrier) => {
  it.each(['client', 'server'] as const)(
    'a %s sends compressed messages of all sizes — RFC 7692 §7.2',
    async (side) => {
      const pair = await openPair(carrier, on);
      const [from, to] =
        side === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
      expect(from.extensions).toBe('permessage-deflate');
      const texts = [0, 1, 125, 126, 2000, 65_536, 1_000_000].map((n) =>
        'compress me '.repeat(n / 12)
      );
      const messages = take<Buffer>(to, 'message', texts.length);
      for (const text of texts) from.send(text);
      expect((await messages).map((data) => data.length)).toEqual(
        texts.map(({ length }) => length)
      );
    }
  );

  it('compressed and plain messages keep their order', async () => {
    const { client, server } = await openPair(carrier, on);
    const received: string[] = [];
    const all = new Promise<void>((resolve) => {
      server.on('message', (data) => received.push(String(data).slice(0, 4)) === 40 && resolve());
      server.on('ping', (data) => received.push(String(data)));
    });
    const expected: string[] = [];
    for (let i = 0; i < 10; i++) {
      const name = `m${i}  `.slice(0, 4);
      client.send(name.padEnd(5000, 'x'));
      client.send(name, { compress: false });
      client.ping(name);
      client.send(Buffer.from(name.padEnd(20_000, 'y')), { compress: i % 2 === 0 });
      expected.push(name, name, name, name);
    }
    await all;
    expect(received).toEqual(expected);
  });
});

describe('negotiation', () => {
  it('is off in a server unless it is turned on', async () => {
    const { client, server } = await openPair('TCP');
    expect([client.extensions, server.extensions]).toEqual(['', '']);
  });

  it('is offered by a client unless it is turned off', async () => {
    const pair = await openPair('TCP', { ...on, client: { perMessageDeflate: false } });
    expect([pair.client.extensions, pair.server.extensions]).toEqual(['', '']);
  });
});

describe('a message', () => {
  it('takes fewer bytes', async () => {
    const { client, server } = await open();
    const size = await written(client, async () => {
      client.send('a'.repeat(100_000));
      await once(server, 'message');
    });
    expect(size).toBeLessThan(1000);
  });

  it('takes fewer bytes when one like it was sent before — RFC 7692 §7.1.1', async () => {
    const { client, server } = await open();
    const text = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ i, at: i * 7919 })));
    const sizes: number[] = [];
    for (let i = 0; i < 2; i++) {
      sizes.push(
        await written(client, async () => {
          client.send(text);
          await once(server, 'message');
        })
      );
    }
    expect(sizes[1]).toBeLessThan(sizes[0] / 5);
  });

  it('takes the same bytes every time without context takeover — RFC 7692 §7.1.1', async () => {
    const { client, server } = await open('TCP', { clientNoContextTakeover: true });
    const text = 'the same text '.repeat(200);
    const sizes = new Set<number>();
    for (let i = 0; i < 3; i++) {
      sizes.add(
        await written(client, async () => {
          client.send(text);
          await once(server, 'message');
        })
      );
    }
    expect(sizes.size).toBe(1);
  });

  it('is not compressed with compress: false', async () => {
    const { client, server } = await open();
    const size = await written(client, async () => {
      client.send('a'.repeat(10_000), { compress: false });
      await once(server, 'message');
    });
    expect(size).toBeGreaterThan(10_000);
  });

  it('below the threshold is not compressed without context takeover', async () => {
    const { client, server } = await open('TCP', { serverNoContextTakeover: true, threshold: 500 });
    for (const [length, compressed] of [
      [499, false],
      [500, true]
    ] as const) {
      const size = await written(server, async () => {
        server.send('a'.repeat(length));
        await once(client, 'message');
      });
      expect(size < 200).toBe(compressed);
    }
  });

  it('may be sent in compressed fragments — RFC 7692 §6.1', async () => {
    const { client, server } = await open();
    const message = once(server, 'message');
    client.send('frag', { fin: false });
    client.send('ment', { fin: false });
    client.send('ed', { fin: true });
    expect(String((await message)[0])).toBe('fragmented');
  });

  it('that is corrupt ends the connection with 1007 — RFC 7692 §7.2.2', async () => {
    const { client, server } = await open();
    const failed = new Promise<Error & { code?: string }>((resolve) => server.on('error', resolve));
    const closed = once(client, 'close');
    const key = [0, 0, 0, 0];
    (client as any)._socket.write(Buffer.from([0xc1, 0x84, ...key, 0xff, 0xff, 0xff, 0xff]));
    expect((await failed).code).toMatch(/^Z_/);
    expect((await closed)[0]).toBe(1007);
  });

  it('that is corrupt keeps what follows it in the same segment from being delivered', async () => {
    const { client, server } = await open();
    const events: string[] = [];
    server.on('message', (data) => events.push(String(data)));
    server.on('ping', () => events.push('ping'));
    server.on('error', () => events.push('error'));
    const closed = new Promise((resolve) => server.on('close', resolve));
    const key = Buffer.alloc(4);
    (client as any)._socket.write(
      Buffer.concat([
        frame('before', { key }),
        frame(Buffer.alloc(4, 0xff), { key, rsv1: true }),
        frame('behind', { key }),
        frame('', { key, opcode: 9 })
      ])
    );
    await closed;
    expect(events).toEqual(['before', 'error']);
  });

  it('that is still being compressed counts in bufferedAmount', async () => {
    const { client, server } = await open();
    const message = once(server, 'message');
    client.send('a'.repeat(50_000));
    expect(client.bufferedAmount).toBe(50_000);
    await new Promise((resolve) => client.send('', resolve));
    expect(client.bufferedAmount).toBe(0);
    await message;
  });

  it('that is still being compressed when the connection is lost calls back with an error', async () => {
    const { client } = await open();
    const message = 'The socket was closed while data was being compressed';
    const errors: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      for (let i = 0; i < 3; i++) {
        client.send('a'.repeat(100_000), (error) => errors.push(error?.message) === 3 && resolve());
      }
    });
    client.terminate();
    await all;
    expect(errors).toEqual([message, message, message]);
  });

  it('that is still being decompressed is delivered although the connection is lost', async () => {
    const { client, server } = await open();
    const events: unknown[] = [];
    server.on('message', (data: Buffer) => events.push(data.length));
    const closed = once(server, 'close').then(([code]) => events.push(code));
    client.send('a'.repeat(300_000));
    client.send('b'.repeat(200_000));
    // After the frames, which are few bytes.
    client.send('', () => client.terminate());
    await closed;
    expect(events).toEqual([300_000, 200_000, 0, 1006]);
  });

  it('that waits behind a compressed one is sent before the close frame', async () => {
    const { client, server } = await open();
    const received = take<Buffer>(server, 'message', 2);
    const closed = once(server, 'close');
    client.send('a'.repeat(50_000));
    client.send('plain', { compress: false });
    client.close(1000, 'done');
    expect((await received).map(({ length }) => length)).toEqual([50_000, 5]);
    expect((await closed)[0]).toBe(1000);
  });

  it.each([50, 50_000])(
    'of %i bytes keeps its place among pings and pongs — RFC 7692 §6.1',
    async (length) => {
      const { client, server } = await open();
      const events: string[] = [];
      const all = new Promise<void>((resolve) => {
        const push = (event: string) => events.push(event) === 40 && resolve();
        server.on('message', (data) => push(`message ${String(data).slice(0, 2)}`));
        server.on('ping', (data) => push(`ping ${data}`));
        server.on('pong', (data) => push(`pong ${data}`));
      });
      const expected: string[] = [];
      for (let i = 10; i < 20; i++) {
        client.send(String(i).repeat(length / 2));
        client.ping(String(i));
        client.send(Buffer.from(`${i} short`));
        client.pong(String(i));
        expected.push(`message ${i}`, `ping ${i}`, `message ${i}`, `pong ${i}`);
      }
      await all;
      expect(events).toEqual(expected);
    }
  );

  it.each([50, 300_000])(
    'of %i bytes has a turn of its own where events are asynchronous',
    async (length) => {
      const { client, server } = await openPair('TCP', {
        server: { perMessageDeflate: true, allowSynchronousEvents: false }
      });
      const turns: number[] = [];
      let turn = 0;
      const all = new Promise<void>((resolve) => {
        server.on('message', () => {
          turns.push(turn);
          if (turns.length === 3) resolve();
          setImmediate(() => turn++);
        });
      });
      for (let i = 0; i < 3; i++) client.send('x'.repeat(length));
      await all;
      expect(new Set(turns).size).toBe(3);
    }
  );

  it('longer than maxPayload ends the connection with 1009, whatever it takes on the wire', async () => {
    for (const length of [10_001, 40_000_000]) {
      const { client, server } = await openPair('TCP', {
        server: { perMessageDeflate: true, maxPayload: 10_000 }
      });
      const failed = new Promise<Error & { code?: string }>((resolve) =>
        server.on('error', resolve)
      );
      const messages: unknown[] = [];
      server.on('message', (data) => messages.push(data));
      const closed = once(client, 'close');
      client.send('a'.repeat(length));
      expect(await failed).toMatchObject({
        code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
        message: 'Max payload size exceeded'
      });
      expect((await closed)[0]).toBe(1009);
      expect(messages).toEqual([]);
    }
  });

  it.each(['terminate', 'close', 'destroy'] as const)(
    'in the middle of its job survives %s by either side',
    async (way) => {
      for (const side of ['client', 'server'] as const) {
        for (const length of [100, 200_000]) {
          const pair = await open();
          const { client, server } = pair;
          server.on('error', () => {});
          server.on('message', (data) => server.send(data));
          const closed = Promise.all([once(client, 'close'), once(server, 'close')]);
          for (let i = 0; i < 5; i++) client.send('a'.repeat(length));
          await new Promise(setImmediate);
          if (way === 'destroy') (pair[side] as any)._socket.destroy();
          else pair[side][way]();
          await closed;
        }
      }
    }
  );

  it('leaves no slot taken when its connection is lost', async () => {
    // The limit is 10, of the first connection in the process.
    for (let i = 0; i < 12; i++) {
      const { client } = await open();
      for (let j = 0; j < 3; j++) client.send('a'.repeat(100_000));
      client.terminate();
    }
    const { client, server } = await open();
    const message = once(server, 'message');
    client.send('b'.repeat(100_000));
    expect((await message)[0]).toHaveLength(100_000);
  });
});
