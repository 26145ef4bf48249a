import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { record } from './events.js';
import { openRaw, roles } from './raw-peer.js';
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closeBody } from './wire.js';

const final = { opcode: CONTINUATION };
const first = { fin: false };
const middle = { opcode: CONTINUATION, fin: false };

describe.each(roles)('a %s', (role) => {
  it('joins the fragments of a message — RFC 6455 §5.4', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    peer.send('fra', first);
    peer.send('gmen', middle);
    peer.send('ts', final);
    await once(ws, 'message');
    expect(events).toEqual([['message', 'fragments', false]]);
  });

  it('joins empty fragments — RFC 6455 §5.4', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    peer.send('', first);
    peer.send('', middle);
    peer.send('a', middle);
    peer.send('', final);
    await once(ws, 'message');
    expect(events).toEqual([['message', 'a', false]]);
  });

  it('joins nothing but empty fragments to an empty message — RFC 6455 §5.4', async () => {
    const { peer, ws } = await openRaw(role);
    peer.send(Buffer.alloc(0), { fin: false, opcode: BINARY });
    peer.send(Buffer.alloc(0), final);
    expect(await once(ws, 'message')).toEqual([Buffer.alloc(0), true]);
  });

  it('handles control frames between fragments at once — RFC 6455 §5.4', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    peer.send('a', first);
    peer.send('1', { opcode: PING });
    peer.send('b', middle);
    peer.send('2', { opcode: PONG });
    expect((await peer.next()).payload.toString()).toBe('1');
    peer.send('c', final);
    await once(ws, 'message');
    expect(events).toEqual([
      ['ping', '1'],
      ['pong', '2'],
      ['message', 'abc', false]
    ]);
  });

  it('ends an unfinished message with a close frame — RFC 6455 §5.5.1', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    peer.send('a', first);
    peer.send(closeBody(1000), { opcode: CLOSE });
    await peer.ended;
    peer.socket.end();
    await once(ws, 'close');
    expect(events).toEqual([['close', 1000, '']]);
  });

  it('keeps the type of the first fragment — RFC 6455 §5.4', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    peer.send('a', { fin: false, opcode: BINARY });
    peer.send('b', final);
    peer.send('c', first);
    peer.send('d', final);
    while (events.length < 2) await once(ws, 'message');
    expect(events).toEqual([
      ['message', 'ab', true],
      ['message', 'cd', false]
    ]);
  });

  it('sends a message in fragments — RFC 6455 §5.4', async () => {
    const { peer, ws } = await openRaw(role);
    ws.send('a', { fin: false });
    ws.send(Buffer.from('b'), { fin: false });
    ws.send('c', { fin: true });
    ws.send(Buffer.from('d'), { fin: false });
    ws.send(Buffer.alloc(10_000, 'e'), { fin: true });

    const frames = await peer.nextFrames(5);
    expect(frames.map(({ fin, opcode }) => [opcode, fin])).toEqual([
      [TEXT, false],
      [CONTINUATION, false],
      [CONTINUATION, true],
      [BINARY, false],
      [CONTINUATION, true]
    ]);
    expect(frames.slice(0, 4).map(({ payload }) => String(payload))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('may ping between the fragments it sends — RFC 6455 §5.4', async () => {
    const { peer, ws } = await openRaw(role);
    ws.send('a', { fin: false });
    ws.ping('p');
    ws.pong('q');
    ws.send('b');
    const frames = await peer.nextFrames(4);
    expect(frames.map(({ opcode }) => opcode)).toEqual([TEXT, PING, PONG, CONTINUATION]);
  });
});
