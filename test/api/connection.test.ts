import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closeOf, errorOf, record } from '../contract/events.js';
import { WebSocket } from '../contract/library.js';
import { openMemory } from '../contract/raw-memory.js';
import { roles } from '../contract/raw-peer.js';
import { CLOSE, closeBody } from '../contract/wire.js';

const open = async (...args: Parameters<typeof openMemory>) => {
  const connection = openMemory(...args);
  // The socket flows from now on: what the peer writes arrives within the write.
  await new Promise(setImmediate);
  return connection;
};

describe.each(roles)('the connection of a %s', (role) => {
  it.each([true, false])(
    'sends one close frame when it is answered while it is written (coalesce: %s)',
    async (coalesce) => {
      const { far, frame, frames, near, ws } = await open(role, { coalesce });
      const closed = closeOf(ws);
      far.once('data', () => far.write(frame(closeBody(3000, 'answer'), { opcode: CLOSE })));
      ws.close(3000, 'question');
      await once(near, 'finish');
      far.end();
      expect(await closed).toEqual([3000, 'answer']);
      expect(frames().map(({ opcode, payload }) => [opcode, payload])).toEqual([
        [CLOSE, closeBody(3000, 'question')]
      ]);
    }
  );

  it('leaves no timer behind when it is closed while the close frame is written', async () => {
    const { far, near, ws } = await open(role);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout');
    const before = timers();
    const closed = closeOf(ws);
    far.once('data', () => near.destroy());
    ws.close(1000);
    await closed;
    expect(timers()).toEqual(before);
  });

  it('stays open when the close frame could not be made', async () => {
    const { frames, ws } = await open(role);
    expect(() => ws.close(1005)).toThrow(TypeError);
    expect(ws.readyState).toBe(WebSocket.OPEN);
    ws.send('still open');
    await Promise.resolve();
    expect(frames()).toHaveLength(1);
  });

  it('reports a Blob that cannot be read, and lets the peer finish', async () => {
    const { far, frame, ws } = await open(role);
    const events = record(ws);
    const [failed, closed] = [errorOf(ws), closeOf(ws)];
    const blob = new Blob(['a']);
    blob.arrayBuffer = () => Promise.reject(new Error('unreadable'));
    const sent = new Promise((resolve) => ws.send(blob, resolve));
    expect(await failed).toEqual(new Error('unreadable'));
    expect(await sent).toEqual(new Error('unreadable'));
    expect(ws.readyState).toBe(WebSocket.CLOSING);
    far.write(frame('last words'));
    far.end();
    expect(await closed).toEqual([1006, '']);
    expect(events.map(([name]) => name)).toEqual(['error', 'message', 'close']);
  });

  it('reports one error only', async () => {
    const { far, frame, ws } = await open(role);
    const events = record(ws);
    far.write(frame('', { opcode: 3 }));
    const blob = new Blob(['a']);
    blob.arrayBuffer = () => Promise.reject(new Error('unreadable'));
    ws.send(blob);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    far.end();
    await once(ws, 'close');
    expect(events.filter(([name]) => name === 'error')).toHaveLength(1);
  });

  it('closes when an error is found in what a closed socket still held', async () => {
    const { far, frame, near, ws } = await open(role);
    const events = record(ws);
    const closed = closeOf(ws);
    ws.pause();
    far.write(Buffer.concat([frame('good'), frame('', { opcode: 3 })]));
    near.destroy();
    await closed;
    expect(events).toEqual([
      ['message', 'good', false],
      ['error', 'WS_ERR_INVALID_OPCODE'],
      ['close', 1006, '']
    ]);
  });

  it('closes when the socket fails, without an error of its own', async () => {
    const { near, ws } = await open(role);
    const events = record(ws);
    near.destroy(new Error('cable cut'));
    await once(ws, 'close');
    expect(events).toEqual([['close', 1006, '']]);
  });

  it('knows its socket, sender and receiver by the names that ws has for them', async () => {
    const { near, ws } = await open(role);
    const inner = ws as any;
    expect(inner._socket).toBe(near);
    expect(inner._sender._socket).toBe(near);
    expect(inner._receiver._maxPayload).toBe(0);
    expect(inner._isServer).toBe(role === 'server');
  });
});
