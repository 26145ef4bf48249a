import { describe, expect, it, vi } from 'vitest';
import { closeOf, errorOf } from './events.js';
import { WebSocket } from './library.js';
import { openRaw, roles } from './raw-peer.js';
import { CLOSE, closeBody } from './wire.js';

describe.each(roles)('closeTimeout of a %s', (role) => {
  it('ends a connection whose peer does not answer the close frame', async () => {
    const { peer, ws } = await openRaw(role, { closeTimeout: 20 });
    const closed = closeOf(ws);
    ws.close(1000);
    expect((await peer.next()).opcode).toBe(CLOSE);
    expect(await closed).toEqual([1006, '']);
  });

  it('ends a connection whose peer answers, but does not end it', async () => {
    // Long enough for the answer to come before it is over, also on a busy machine.
    const { peer, ws } = await openRaw(role, { closeTimeout: 500 });
    const closed = closeOf(ws);
    ws.close(1000);
    await peer.next();
    peer.send(closeBody(1000), { opcode: CLOSE });
    await peer.ended;
    expect(await closed).toEqual([1000, '']);
  });

  it('ends a connection whose peer has broken the protocol', async () => {
    const { peer, ws } = await openRaw(role, { closeTimeout: 20 });
    const [failed, closed] = [errorOf(ws), closeOf(ws)];
    peer.send('', { opcode: 3 });
    await failed;
    expect(await closed).toEqual([1006, '']);
  });

  it('does not keep a connection that has closed in time', async () => {
    const { peer, ws } = await openRaw(role, { closeTimeout: 60_000 });
    const started = vi.spyOn(globalThis, 'setTimeout');
    const closed = closeOf(ws);
    ws.close(1000);
    await peer.next();
    peer.send(closeBody(1000), { opcode: CLOSE });
    await peer.ended;
    peer.socket.end();
    await closed;
    const timers = started.mock.results.filter((_, i) => started.mock.calls[i][1] === 60_000);
    started.mockRestore();
    expect(timers.map(({ value }) => (value as { _destroyed: boolean })._destroyed)).toEqual([
      true
    ]);
  });
});

describe.each(roles)('terminate in a %s', (role) => {
  it('ends the connection at once', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    ws.terminate();
    expect(ws.readyState).toBe(WebSocket.CLOSING);
    expect(await closed).toEqual([1006, '']);
    expect(ws.readyState).toBe(WebSocket.CLOSED);
    await peer.ended;
    expect(peer.unread).toBe(0);
  });

  it('ends a closing handshake', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    ws.close(1000);
    await peer.next();
    ws.terminate();
    expect(await closed).toEqual([1006, '']);
  });

  it('does nothing before there is a connection', () => {
    const ws = new WebSocket(null, undefined, {});
    expect(() => ws.terminate()).toThrow();
  });

  it('in a listener lets the rest of the chunk be delivered', async () => {
    const { peer, ws } = await openRaw(role);
    const messages: string[] = [];
    ws.on('message', (data) => {
      messages.push(String(data));
      ws.terminate();
    });
    peer.write(Buffer.concat(['a', 'b'].map((text) => peer.frame(text))));
    await closeOf(ws);
    expect(messages).toEqual(['a', 'b']);
  });
});
