import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isStock } from './library.js';
import { openMemory } from './raw-memory.js';
import { openRaw, roles } from './raw-peer.js';
import { CLOSE, PING, PONG, closeBody } from './wire.js';

/** Each event with the number of the turn of the event loop in which it came. */
function recordTurns(ws: NodeJS.EventEmitter): [name: string, turn: number][] {
  const events: [string, number][] = [];
  let turn = 0;
  let running = true;
  const count = () => {
    turn++;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  for (const name of ['message', 'ping', 'pong']) ws.on(name, () => events.push([name, turn]));
  ws.once('close', () => (running = false));
  return events;
}

describe.each(roles)('a %s', (role) => {
  const allFrames = (frame: (payload: string | Buffer, shape?: object) => Buffer) =>
    Buffer.concat([
      frame('text'),
      frame(Buffer.from('binary')),
      frame('1', { opcode: PING }),
      frame('2', { opcode: PONG }),
      frame('more text')
    ]);
  const names = ['message', 'message', 'ping', 'pong', 'message'];

  it('emits all events of a chunk in one turn', async () => {
    const { peer, ws } = await openRaw(role);
    const events = recordTurns(ws);
    peer.write(allFrames((payload, shape) => peer.frame(payload, shape)));
    while (events.length < 5) await once(ws, 'message');
    ws.terminate();
    expect(events.map(([name]) => name)).toEqual(names);
    expect(new Set(events.map(([, turn]) => turn)).size).toBe(1);
  });

  it('emits one event a turn with allowSynchronousEvents off', async () => {
    const { peer, ws } = await openRaw(role, { allowSynchronousEvents: false });
    const events = recordTurns(ws);
    peer.write(allFrames((payload, shape) => peer.frame(payload, shape)));
    while (events.length < 5) await once(ws, 'message');
    ws.terminate();
    expect(events.map(([name]) => name)).toEqual(names);
    expect(new Set(events.map(([, turn]) => turn)).size).toBe(5);
  });

  it('keeps the order of chunks with allowSynchronousEvents off', async () => {
    const { peer, ws } = await openRaw(role, { allowSynchronousEvents: false });
    const messages: string[] = [];
    const done = new Promise<void>((resolve) => {
      ws.on('message', (data) => messages.push(String(data)) === 60 && resolve());
    });
    for (let i = 0; i < 60; i++) peer.send(`${i}`);
    await done;
    expect(messages).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`));
  });

  it('delivers everything before the close with allowSynchronousEvents off', async () => {
    const { peer, ws } = await openRaw(role, { allowSynchronousEvents: false });
    const events: unknown[] = [];
    ws.on('message', (data) => events.push(String(data)));
    const closed = once(ws, 'close').then(([code]) => events.push(code));
    peer.write(
      Buffer.concat([
        ...['a', 'b', 'c'].map((text) => peer.frame(text)),
        peer.frame(closeBody(1000), { opcode: CLOSE })
      ])
    );
    peer.socket.end();
    await closed;
    expect(events).toEqual(['a', 'b', 'c', 1000]);
  });

  it('delivers everything although the socket is gone, with allowSynchronousEvents off', async () => {
    const { peer, ws } = await openRaw(role, { allowSynchronousEvents: false });
    const events: unknown[] = [];
    ws.on('message', (data) => events.push(String(data)));
    peer.write(Buffer.concat(['a', 'b', 'c', 'd'].map((text) => peer.frame(text))));
    ws.once('message', () => ws.terminate());
    const [code] = await once(ws, 'close');
    expect(events).toEqual(['a', 'b', 'c', 'd']);
    expect(code).toBe(1006);
  });

  it('emits messages while their chunk is being read', async () => {
    const { far, frame, ws } = openMemory(role);
    await new Promise(setImmediate);
    let data = '';
    ws.on('message', (message) => (data = String(message)));
    far.write(frame('now'));
    expect(data).toBe('now');
  });

  it.skipIf(isStock)(
    'answers within the batch: one write for all messages of a chunk',
    async () => {
      const { far, frame, frames, near, ws } = openMemory(role);
      await new Promise(setImmediate);
      ws.on('message', (message: Buffer) => ws.send(message));
      far.write(Buffer.concat(['a', 'b', 'c'].map((text) => frame(text))));
      expect(near.writes).toHaveLength(1);
      expect(frames().map(({ payload }) => String(payload))).toEqual(['a', 'b', 'c']);
    }
  );
});
