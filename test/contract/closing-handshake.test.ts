import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closeOf, record } from './events.js';
import { WebSocket } from './library.js';
import { carriers, openPair } from './pair.js';
import { openRaw, roles } from './raw-peer.js';
import { CLOSE, TEXT, closeBody } from './wire.js';

describe.each(carriers)('over %s', (carrier) => {
  describe.each(['client', 'server'] as const)('a %s closes', (side) => {
    const open = async () => {
      const pair = await openPair(carrier);
      const [near, far] = [pair[side], side === 'client' ? pair.server : pair.client];
      return { near, far, closed: Promise.all([closeOf(near), closeOf(far)]) };
    };

    it('without a code: both see 1005 — RFC 6455 §7.1.5', async () => {
      const { closed, near } = await open();
      near.close();
      expect(near.readyState).toBe(WebSocket.CLOSING);
      expect(await closed).toEqual([
        [1005, ''],
        [1005, '']
      ]);
      expect(near.readyState).toBe(WebSocket.CLOSED);
    });

    it('with a code and a reason: both see them — RFC 6455 §7.1.6', async () => {
      const { closed, near } = await open();
      near.close(3001, 'gründlich');
      expect(await closed).toEqual([
        [3001, 'gründlich'],
        [3001, 'gründlich']
      ]);
    });

    it('after sending: everything arrives first — RFC 6455 §5.5.1', async () => {
      const { closed, far, near } = await open();
      const events = record(far);
      for (let i = 0; i < 50; i++) near.send(`${i}`);
      near.send(Buffer.alloc(300_000));
      near.close(1000);
      await closed;
      expect(events).toHaveLength(52);
      expect(events.at(-1)).toEqual(['close', 1000, '']);
    });

    // In memory everything is there at once: one of them is always the first.
    it.skipIf(carrier === 'memory')(
      'while the other does: both see a clean close — RFC 6455 §7.1.2',
      async () => {
        const { closed, far, near } = await open();
        near.close(4000, 'near');
        far.close(4001, 'far');
        expect(await closed).toEqual([
          [4001, 'far'],
          [4000, 'near']
        ]);
      }
    );

    it('abruptly: both see 1006 — RFC 6455 §7.1.5', async () => {
      const { closed, near } = await open();
      near.terminate();
      expect(near.readyState).toBe(WebSocket.CLOSING);
      expect(await closed).toEqual([
        [1006, ''],
        [1006, '']
      ]);
    });
  });
});

describe.each(roles)('a %s', (role) => {
  it.each([
    [[], ''],
    [[1000], '03e8'],
    [[1000, ''], '03e8'],
    [[4999, 'bye'], '1387627965'],
    [[1001, Buffer.from('bye')], '03e9627965']
  ] as [[number?, (string | Buffer)?], string][])(
    'puts %j into its close frame — RFC 6455 §5.5.1',
    async (args, body) => {
      const { peer, ws } = await openRaw(role);
      ws.close(...args);
      const { masked, opcode, payload } = await peer.next();
      expect([masked, opcode, payload.toString('hex')]).toEqual([role === 'client', CLOSE, body]);
    }
  );

  it.each([
    ['a code that may not be sent', [1005], TypeError, /valid error code/],
    ['a code that is no number', ['1000'], TypeError, /valid error code/],
    ['a reason that is too long', [1000, 'x'.repeat(124)], RangeError, /123 bytes/],
    ['a reason that is no bytes', [1000, [1, 2]], TypeError, /.+/]
  ])('stays open after %s — RFC 6455 §7.4', async (_name, args: unknown[], type, message) => {
    const { peer, ws } = await openRaw(role);
    let error: unknown;
    try {
      (ws.close as (...a: unknown[]) => void)(...args);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    expect(ws.readyState).toBe(WebSocket.OPEN);
    ws.send('still open');
    expect((await peer.next()).payload.toString()).toBe('still open');
  });

  it('answers a close frame with the same code — RFC 6455 §5.5.1', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    peer.send(closeBody(3000, 'bye'), { opcode: CLOSE });
    const { opcode, payload } = await peer.next();
    expect([opcode, payload]).toEqual([CLOSE, closeBody(3000, 'bye')]);
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([3000, 'bye']);
  });

  it('answers an empty close frame with an empty one — RFC 6455 §5.5.1', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    peer.send('', { opcode: CLOSE });
    expect((await peer.next()).payload).toHaveLength(0);
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([1005, '']);
  });

  it('sends one close frame however often it is closed', async () => {
    const { peer, ws } = await openRaw(role);
    ws.close(1000);
    ws.close(1001);
    peer.send(closeBody(1000), { opcode: CLOSE });
    ws.close(1002);
    await peer.next();
    await peer.ended;
    expect(peer.unread).toBe(0);
  });

  it('still receives until the close frame comes — RFC 6455 §1.4', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    ws.close(1000);
    await peer.next();
    peer.send('last words');
    peer.send(closeBody(1000), { opcode: CLOSE });
    await peer.ended;
    peer.socket.end();
    await once(ws, 'close');
    expect(events).toEqual([
      ['message', 'last words', false],
      ['close', 1000, '']
    ]);
  });

  it('ignores what comes behind the close frame — RFC 6455 §5.5.1', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    peer.write(Buffer.concat([peer.frame(closeBody(1000), { opcode: CLOSE }), peer.frame('late')]));
    await peer.next();
    peer.send('later');
    await peer.ended;
    peer.socket.end();
    await once(ws, 'close');
    expect(events).toEqual([['close', 1000, '']]);
  });

  it('ends the TCP connection after both close frames — RFC 6455 §7.1.1', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    ws.close(1000);
    await peer.next();
    expect(peer.socket.readableEnded).toBe(false);
    peer.send(closeBody(1000), { opcode: CLOSE });
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([1000, '']);
  });

  it('sees 1006 when the peer ends without a close frame — RFC 6455 §7.1.5', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    peer.socket.end();
    expect(await closed).toEqual([1006, '']);
  });

  it('sees 1006 when the connection is reset — RFC 6455 §7.1.5', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    peer.socket.resetAndDestroy();
    expect(await closed).toEqual([1006, '']);
  });

  it('sees the code of a close frame that came before a reset', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = closeOf(ws);
    ws.close(1001);
    await peer.next();
    peer.send(closeBody(1001), { opcode: CLOSE });
    await peer.ended;
    peer.socket.destroy();
    expect(await closed).toEqual([1001, '']);
  });

  it('keeps the reason in memory of its own', async () => {
    const { peer, ws } = await openRaw(role);
    const closed = once(ws, 'close');
    peer.send(closeBody(1000, 'reason'), { opcode: CLOSE });
    await peer.ended;
    peer.socket.end();
    const [, reason] = (await closed) as [number, Buffer];
    expect(reason.toString()).toBe('reason');
    expect(reason.buffer.byteLength).toBe(6);
  });

  it('emits one close event, and none of the others after it', async () => {
    const { peer, ws } = await openRaw(role);
    const events = record(ws);
    ws.terminate();
    await once(ws, 'close');
    ws.terminate();
    ws.close();
    peer.send('late');
    await peer.ended;
    expect(events).toEqual([['close', 1006, '']]);
  });

  it('may be closed by a listener in the middle of a chunk', async () => {
    const { peer, ws } = await openRaw(role);
    ws.on('message', (data, isBinary) => {
      ws.send(data, { binary: isBinary });
      ws.close(1000);
    });
    peer.write(Buffer.concat([peer.frame('first'), peer.frame(Buffer.from('second'))]));
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ opcode }) => opcode)).toEqual([TEXT, CLOSE]);
  });
});
