import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/endpoint/errors.js';
import { closeOf, errorOf, record } from './events.js';
import { WebSocket } from './library.js';
import { connectRaw, openRaw, roles } from './raw-peer.js';
import { violations } from './violations.js';
import { CLOSE, TEXT, closeBody } from './wire.js';

const cases = roles.flatMap((role) =>
  violations
    .filter((violation) => (violation.role ?? role) === role)
    .map((violation) => [role, violation.title, violation.section, violation] as const)
);

describe('what fails the connection', () => {
  it.each(cases)('of a %s: %s — %s', async (role, _title, _section, violation) => {
    const { bytes, error, options } = violation;
    const { peer, ws } = await openRaw(role, options);
    const events = record(ws);
    const failed = errorOf(ws);
    const closed = closeOf(ws);
    peer.write(Buffer.concat([bytes(peer), peer.frame('behind it')]));

    const [name, code, message, status] = error;
    const reported = await failed;
    expect([reported.name, reported.code, reported.message]).toEqual([name, code, message]);
    expect(Object.keys(reported)).toEqual(['code']);
    expect(ws.readyState).toBe(WebSocket.CLOSING);

    const answer = await peer.next();
    expect([answer.opcode, answer.payload]).toEqual([CLOSE, closeBody(status)]);
    await peer.ended;
    peer.socket.end();
    expect(await closed).toEqual([1006, '']);
    expect(events.filter(([event]) => event !== 'message')).toEqual([
      ['error', code],
      ['close', 1006, '']
    ]);
    expect(events).not.toContainEqual(['message', 'behind it', false]);
  });
});

it('covers the table of errors, but for the number of chunks, which TCP does not keep', () => {
  const known = violations.map(({ error: [, , message] }) => message.replace(/\d+$/, '%d'));
  const missing = ERRORS.map(({ message }) => message).filter((message) => {
    return !known.includes(message) && !known.includes(message.replace(/\d+$/, '%d'));
  });
  expect(missing).toEqual(['Too many buffered chunks']);
});

describe('other connections of the server', () => {
  it('go on when one breaks the protocol — RFC 6455 §7.1.7', async () => {
    const { peer: good, wss } = await openRaw('server');
    wss!.clients!.forEach((ws) => echo(ws as WebSocket));
    for (const { bytes, options, role } of violations) {
      // Those that take an option are none here.
      if (role === 'client' || options !== undefined) continue;
      const { peer: bad, ws } = await connectRaw(wss!);
      ws.on('error', () => {});
      bad.write(bytes(bad));
      expect((await bad.next()).opcode).toBe(CLOSE);
      good.send('still there');
      expect((await good.next()).payload.toString()).toBe('still there');
      bad.socket.destroy();
    }
  });

  it('go on when one ends in the middle of a frame', async () => {
    const { peer: good, wss } = await openRaw('server');
    wss!.clients!.forEach((ws) => echo(ws as WebSocket));
    const { peer: bad, ws } = await connectRaw(wss!);
    const closed = closeOf(ws);
    bad.write(bad.frame('incomplete').subarray(0, 8));
    bad.socket.end();
    expect(await closed).toEqual([1006, '']);
    good.send('still there');
    expect((await good.next()).payload.toString()).toBe('still there');
  });
});

describe.each(roles)('a %s that has met a violation', (role) => {
  const open = async () => {
    const connection = await openRaw(role);
    return { ...connection, failed: errorOf(connection.ws) };
  };

  it('delivers what came before it', async () => {
    const { failed, peer, ws } = await open();
    const events = record(ws);
    peer.write(Buffer.concat([peer.frame('before'), peer.frame('', { opcode: 3 })]));
    await failed;
    expect(events).toEqual([
      ['message', 'before', false],
      ['error', 'WS_ERR_INVALID_OPCODE']
    ]);
  });

  it('sends what was sent before its close frame first', async () => {
    const { failed, peer, ws } = await open();
    ws.on('message', () => ws.send('answer'));
    peer.write(Buffer.concat([peer.frame('question'), peer.frame('', { opcode: 3 })]));
    await failed;
    const frames = await peer.nextFrames(2);
    expect(frames.map(({ opcode }) => opcode)).toEqual([TEXT, CLOSE]);
  });

  it('reports an error that nobody listens for as any emitter does', async () => {
    const { peer, ws } = await openRaw(role);
    const emitted = new Promise<unknown>((resolve) => {
      const { emit } = ws;
      ws.emit = (...args: unknown[]) => {
        try {
          return emit.apply(ws, args as never);
        } catch (error) {
          resolve(error);
          return false;
        }
      };
    });
    peer.write(peer.frame('', { opcode: 3 }));
    expect(await emitted).toMatchObject({ code: 'WS_ERR_INVALID_OPCODE' });
  });
});

function echo(ws: WebSocket): void {
  ws.on('message', (data: Buffer, isBinary: boolean) => ws.send(data, { binary: isBinary }));
}
