import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import * as ws from 'ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PerMessageDeflateOptions } from '../../src/endpoint/deflate-parameters.js';
import { WebSocket, WebSocketServer } from './library.js';
import { Random } from './random.js';

/** What is used of a WebSocket here, ours or that of stock ws. */
type Peer = ws.WebSocket;
type Event = [name: string, data: string];

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

/** The sizes are around every limit of the implementations. */
const LENGTHS = [0, 1, 20, 200, 500, 1024, 1025, 2048, 2049, 4096, 4097, 9000, 33_000, 70_000];

function textOf(random: Random, length: number): string {
  let text = '';
  while (text.length < length) text += `{"id":${random.below(3000)},"side":"buy","é":true},`;
  return text.slice(0, length);
}

/** Sends a random sequence; returns what has to arrive. */
async function sendSequence(from: Peer, random: Random, count: number): Promise<Event[]> {
  const events: Event[] = [];
  for (let i = 0; i < count; i++) {
    const length = random.pick(random.below(3) ? LENGTHS.slice(0, 8) : LENGTHS);
    const binary = random.below(2) === 0;
    const text = textOf(random, length);
    const compress = random.below(8) > 0;
    if (random.below(6) === 0) {
      const middle = random.below(length + 1);
      from.send(text.slice(0, middle), { fin: false, compress, binary });
      from.ping(`between ${i}`);
      events.push(['ping', `between ${i}`]);
      from.send(text.slice(middle), { compress, binary });
    } else {
      from.send(binary ? Buffer.from(text) : text, { compress });
    }
    events.push([binary ? 'binary' : 'text', text]);
    if (random.below(4) === 0) {
      from.ping(`ping ${i}`);
      events.push(['ping', `ping ${i}`]);
    }
    // Now and then a turn of the event loop, or time enough for a context to be given up.
    if (random.below(6) === 0) await new Promise(setImmediate);
    if (random.below(20) === 0) await after(3);
  }
  from.ping('end');
  events.push(['ping', 'end']);
  return events;
}

function record(to: Peer): Promise<Event[]> {
  const events: Event[] = [];
  return new Promise((resolve, reject) => {
    to.on('error', reject);
    to.on('close', () => reject(new Error('closed')));
    to.on('message', (data, isBinary) => {
      events.push([isBinary ? 'binary' : 'text', String(data)]);
    });
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
