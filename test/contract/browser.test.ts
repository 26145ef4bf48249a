import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PerMessageDeflateOptions } from '../../src/endpoint/deflate-parameters.js';
import { chromium, openBrowser, type Browser, type Connection } from './browser.js';
import { eventOf, sendSequence, type Event } from './deflate-sequence.js';
import { closeOf } from './events.js';
import { Random } from './random.js';

/** Up to several times what is read, written or compressed at once. */
const LONG = [0, 1, 20, 1024, 4097, 70_000, 130_000, 300_000, 500_000, 1_000_000];

const windows = [undefined, 8, 9, 10, 11, 12, 13, 14, 15];
const takeovers = [false, true].flatMap((serverNoContextTakeover) =>
  [false, true].map((clientNoContextTakeover) => ({
    serverNoContextTakeover,
    clientNoContextTakeover
  }))
);

/** What a server with these options answers to the offer of a browser: `client_max_window_bits`. */
function extensionOf(options: PerMessageDeflateOptions): string[] {
  const { serverMaxWindowBits, clientMaxWindowBits } = options;
  return [
    'permessage-deflate',
    ...(options.serverNoContextTakeover ? ['server_no_context_takeover'] : []),
    ...(options.clientNoContextTakeover ? ['client_no_context_takeover'] : []),
    ...(serverMaxWindowBits ? [`server_max_window_bits=${serverMaxWindowBits}`] : []),
    ...(clientMaxWindowBits ? [`client_max_window_bits=${clientMaxWindowBits}`] : [])
  ].sort();
}

/**
 * Sends a random sequence, which is said again, and ends the connection in one of the ways there are.
 * Returns how many bytes there were in messages of the browser, and how many on the wire.
 */
async function converse(
  { ws, outcome }: Connection,
  options: PerMessageDeflateOptions,
  random: Random,
  lengths?: number[]
): Promise<{ plain: number; read: number }> {
  const { _socket: socket } = ws as unknown as { _socket: { bytesRead: number } };
  let plain = 0;
  const echoes: Event[] = [];
  const pongs: string[] = [];
  const last = new Promise<void>((resolve) => {
    ws.on('message', (data: Buffer, isBinary) => {
      plain += data.length;
      if (data.equals(Buffer.from('last'))) resolve();
      else echoes.push(eventOf(data, isBinary));
    });
  });
  ws.on('pong', (data) => pongs.push(String(data)));
  const closed = closeOf(ws);

  const sent = await sendSequence(ws, random, 12, lengths);
  const [code, reason] = random.pick([
    [1000, ''],
    [3000, 'grüße'],
    [4999, 'x'.repeat(123)]
  ] as const);
  if (random.below(2)) {
    ws.send('last');
    await Promise.race([last, closed]);
    ws.close(code, reason);
  } else {
    ws.send(`close ${JSON.stringify([code, reason])}`);
  }

  expect(await closed).toEqual([code, reason]);
  const { extensions, ...end } = await outcome;
  expect(end).toEqual({ code, reason, wasClean: true });
  expect(extensions.split('; ').sort()).toEqual(extensionOf(options));
  expect(echoes).toEqual(sent.filter(([name]) => name !== 'ping'));
  expect(pongs).toEqual(sent.filter(([name]) => name === 'ping').map(([, data]) => data));
  return { plain, read: socket.bytesRead };
}

const onCI = Boolean(process.env.CI) && process.platform === 'linux';
const missing = chromium === undefined && !onCI;

describe.skipIf(missing)(`a browser (${missing ? 'no Chromium is installed' : 'Chromium'})`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await openBrowser()));
  afterAll(() => browser?.close());

  const connect = (options: PerMessageDeflateOptions) =>
    browser.connect({ perMessageDeflate: { threshold: 0, idleTimeout: 1, ...options } });

  describe.each(takeovers)('under %o', (takeover) => {
    it.each(windows)(
      'says again what it hears, with server_max_window_bits=%s and any of its own — RFC 7692 §7',
      async (serverMaxWindowBits) => {
        const all = windows.map((clientMaxWindowBits) => ({
          ...takeover,
          serverMaxWindowBits,
          clientMaxWindowBits
        }));
        const connections = await Promise.all(all.map(connect));
        const seed = (serverMaxWindowBits ?? 0) * all.length;
        // At the same time: what connections share goes from the one to the other.
        await Promise.all(
          all.map((options, i) => converse(connections[i], options, new Random(seed + i)))
        );
      }
    );

    it.each([undefined, 8, 12])(
      'says long messages again, compressed, with windows of %s bits — RFC 7692 §6',
      async (bits) => {
        const options = { ...takeover, serverMaxWindowBits: bits, clientMaxWindowBits: bits };
        const random = new Random(1000 + (bits ?? 0));
        const { plain, read } = await converse(await connect(options), options, random, LONG);
        expect(read).toBeLessThan(plain);
      }
    );
  });

  it('is told when a message that it has compressed is longer than maxPayload — RFC 6455 §7.4.1', async () => {
    const { ws, outcome } = await browser.connect({ perMessageDeflate: true, maxPayload: 5000 });
    const closed = closeOf(ws);
    ws.send('a'.repeat(5001));
    const { extensions, ...end } = await outcome;
    expect(end).toEqual({ code: 1009, reason: '', wasClean: true });
    expect(await closed).toEqual([1006, '']);
  });
});
