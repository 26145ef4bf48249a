import { describe, expect, it } from 'vitest';
import { isStock } from './library.js';
import { carriers, openPair } from './pair.js';
import { openMemory } from './raw-memory.js';
import { connectRaw, openRaw, roles } from './raw-peer.js';
import { captureUncaught } from './uncaught.js';
import { CLOSE, PING, closeBody } from './wire.js';

// In ws an exception in a listener is the end of the connection's messages.
const describeOwn = describe.skipIf(isStock);

/** Notes every message, and throws for those that ask for it. */
function throwing(
  ws: NodeJS.EventEmitter,
  done: number
): { received: string[]; all: Promise<void> } {
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    ws.on('message', (data) => {
      if (received.push(String(data)) === done) resolve();
      if (String(data).startsWith('throw')) throw new Error(String(data));
    });
  });
  return { received, all };
}

describeOwn.each(carriers)('over %s, a listener that throws', (carrier) => {
  it('gets its exception to the process, and loses no message', async () => {
    const uncaught = captureUncaught();
    const { client, server } = await openPair(carrier);
    const texts = ['a', 'throw 1', 'b', 'throw 2', 'throw 3', 'c'];
    const { all, received } = throwing(server, texts.length);
    for (const text of texts) client.send(text);
    await all;
    await new Promise(setImmediate);
    expect(received).toEqual(texts);
    // In memory they go through the sender's write first, and may be overtaken.
    expect(uncaught.messages().sort()).toEqual(['throw 1', 'throw 2', 'throw 3']);
  });
});

describeOwn.each(roles)('in a %s, a listener that throws', (role) => {
  it('loses no message of a stream of large chunks', async () => {
    const uncaught = captureUncaught();
    const { peer, ws } = await openRaw(role);
    const texts = Array.from({ length: 40 }, (_, i) => (i % 3 ? `${i}` : `throw ${i}`));
    const padding = '.'.repeat(20_000);
    const { all, received } = throwing(ws, texts.length);
    peer.write(Buffer.concat(texts.map((text) => peer.frame(text + padding))));
    await all;
    await new Promise(setImmediate);
    expect(received.map((text) => text.replace(/\.+$/, ''))).toEqual(texts);
    expect(uncaught.errors).toHaveLength(14);
  });

  it('still gets what it has sent out', async () => {
    captureUncaught();
    const { peer, ws } = await openRaw(role);
    ws.on('message', (data: Buffer) => {
      ws.send(data);
      throw new Error('after sending');
    });
    peer.send('answer me');
    expect((await peer.next()).payload.toString()).toBe('answer me');
  });

  it('does not disturb other connections of the same batch', async () => {
    captureUncaught();
    const [source, target] = [openMemory(role), openMemory(role)];
    await new Promise(setImmediate);
    source.ws.on('message', () => {
      target.ws.send('forwarded');
      throw new Error('after forwarding');
    });
    expect(() => source.far.write(source.frame('x'))).toThrow('after forwarding');
    expect(target.near.writes).toHaveLength(1);
  });

  it('for pings does not keep the pong from being sent', async () => {
    captureUncaught();
    const { peer, ws } = await openRaw(role);
    ws.on('ping', () => {
      throw new Error('ping');
    });
    peer.send('p', { opcode: PING });
    expect((await peer.next()).payload.toString()).toBe('p');
  });

  it('does not keep the connection from being closed', async () => {
    const uncaught = captureUncaught();
    const { peer, ws } = await openRaw(role);
    ws.on('message', () => {
      throw new Error('last message');
    });
    const closed = new Promise((resolve) => ws.on('close', resolve));
    peer.write(Buffer.concat([peer.frame('x'), peer.frame(closeBody(1000), { opcode: CLOSE })]));
    expect((await peer.next()).opcode).toBe(CLOSE);
    await peer.ended;
    peer.socket.end();
    expect(await closed).toBe(1000);
    expect(uncaught.messages()).toEqual(['last message']);
  });

  it('does not hide an error of the peer behind it', async () => {
    captureUncaught();
    const { peer, ws } = await openRaw(role);
    ws.on('message', () => {
      throw new Error('listener');
    });
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => ws.on('error', resolve));
    peer.write(Buffer.concat([peer.frame('x'), peer.frame('', { opcode: 3 })]));
    expect((await failed).code).toBe('WS_ERR_INVALID_OPCODE');
  });
});

describeOwn('an exception in a listener of one connection', () => {
  it('leaves the other connections of the server alone', async () => {
    captureUncaught();
    const { peer: bad, wss } = await openRaw('server');
    const { peer: good } = await connectRaw(wss!);
    for (const ws of wss!.clients!) {
      (ws as any).on('message', (data: Buffer) => {
        if (String(data) === 'throw') throw new Error('throw');
        (ws as any).send(data);
      });
    }
    for (let i = 0; i < 5; i++) {
      bad.send('throw');
      good.send(`${i}`);
      expect((await good.next()).payload.toString()).toBe(`${i}`);
      bad.send(`${i}`);
      expect((await bad.next()).payload.toString()).toBe(`${i}`);
    }
  });
});
