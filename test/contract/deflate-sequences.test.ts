import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as ws from 'ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PerMessageDeflateOptions } from '../../src/endpoint/deflate-parameters.js';
import { LENGTHS, eventOf, sendSequence, textOf, type Event } from './deflate-sequence.js';
import { WebSocket, WebSocketServer } from './library.js';
import { Random } from './random.js';

/** What is used of a WebSocket here, ours or that of stock ws. */
type Peer = ws.WebSocket;

const libraries = {
  ours: { WebSocket, WebSocketServer } as unknown as typeof ws,
  stock: { WebSocket: ws.WebSocket, WebSocketServer: ws.WebSocketServer } as typeof ws
};
type Name = keyof typeof libraries;

const pairs: [server: Name, client: Name][] = [
  ['ours', 'ours'],
  ['ours', 'stock'],
  ['stock', 'ours']
];

const windows = [undefined, 8, 9, 12];
const negotiated = [false, true].flatMap((serverNoContextTakeover) =>
  [false, true].flatMap((clientNoContextTakeover) =>
    windows.map((bits): PerMessageDeflateOptions => ({
      serverNoContextTakeover,
      clientNoContextTakeover,
      ...(bits && { serverMaxWindowBits: bits, clientMaxWindowBits: bits })
    }))
  )
);

async function open(server: Name, client: Name, options: PerMessageDeflateOptions) {
  const perMessageDeflate = { threshold: 0, ...options } as object;
  const wss = new libraries[server].WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate
  });
  await once(wss, 'listening');
  const near = new libraries[client].WebSocket(
    `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`,
    { perMessageDeflate: { threshold: 0, idleTimeout: options.idleTimeout } as object }
  );
  const [[far]] = (await Promise.all([once(wss, 'connection'), once(near, 'open')])) as unknown as [
    [Peer]
  ];
  onTestFinished(() => {
    near.terminate();
    far.terminate();
    wss.close();
  });
  return { near: near as Peer, far };
}

function record(to: Peer): Promise<Event[]> {
  const events: Event[] = [];
  return new Promise((resolve, reject) => {
    to.on('error', reject);
    to.on('close', () => reject(new Error('closed')));
    to.on('message', (data, isBinary) => events.push(eventOf(data, isBinary)));
    to.on('ping', (data) => {
      events.push(['ping', String(data)]);
      if (String(data) === 'end') resolve(events);
    });
  });
}

describe.each(pairs)('%s as server and %s as client', (server, client) => {
  it.each(negotiated)(
    'both sides read what the other sends, in its order, under %o — RFC 7692 §7',
    async (options) => {
      const seed = negotiated.indexOf(options) + 1;
      // Shorter than the pauses in the sequence: contexts are given up in the middle of it.
      const { near, far } = await open(server, client, { ...options, idleTimeout: 1 });
      expect(near.extensions).toBe('permessage-deflate');
      const [atFar, atNear] = [record(far), record(near)];
      const [toFar, toNear] = await Promise.all([
        sendSequence(near, new Random(seed), 60),
        sendSequence(far, new Random(seed + 100), 60)
      ]);
      expect(await atFar).toEqual(toFar);
      expect(await atNear).toEqual(toNear);
    }
  );
});

describe('the global WebSocket', () => {
  const Global = (globalThis as { WebSocket?: new (url: string) => any }).WebSocket;
  // Node.js has one since version 22.
  it.skipIf(Global === undefined)(
    'reads and is read, compressed both ways — RFC 7692 §7',
    async () => {
      const wss = new WebSocketServer({
        host: '127.0.0.1',
        port: 0,
        perMessageDeflate: { threshold: 0 }
      });
      onTestFinished(() => wss.close());
      await once(wss, 'listening');
      const connection = once(wss, 'connection') as Promise<unknown> as Promise<[WebSocket]>;
      const near = new Global!(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
      const [far] = await connection;
      expect(far.extensions).toBe('permessage-deflate');
      far.on('message', (data, isBinary) => far.send(data, { binary: isBinary }));
      const texts = LENGTHS.map((length) => textOf(new Random(length), length));
      const received: string[] = [];
      await new Promise<void>((resolve, reject) => {
        near.onerror = reject;
        near.onmessage = ({ data }: { data: string }) => {
          if (received.push(data) === texts.length) resolve();
        };
        if (near.readyState === 1) texts.forEach((text) => near.send(text));
        else near.onopen = () => texts.forEach((text) => near.send(text));
      });
      expect(received).toEqual(texts);
      near.close();
      await once(far, 'close');
    }
  );
});
