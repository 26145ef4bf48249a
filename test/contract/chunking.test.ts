import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { conversation } from './conversation.js';
import { record } from './events.js';
import { openMemory } from './raw-memory.js';
import { openRaw, roles } from './raw-peer.js';
import { Random } from './random.js';
import { violations } from './violations.js';

/** Every event with its bytes, and in its type. */
function recordBytes(ws: NodeJS.EventEmitter): unknown[][] {
  const events: unknown[][] = [];
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    events.push(['message', isBinary ? data.toString('hex') : String(data), isBinary]);
  });
  for (const name of ['ping', 'pong']) {
    ws.on(name, (data: Buffer) => events.push([name, data.toString('hex')]));
  }
  ws.on('error', () => {});
  return events;
}

describe.each(roles)('a %s', (role) => {
  it.each([1, 2, 3, 17, 200, 3000])(
    'sees the same events when the bytes come in chunks of up to %d — RFC 6455 §5.4',
    async (longest) => {
      for (let seed = 1; seed <= 6; seed++) {
        const random = new Random(seed);
        const { bytes, events } = conversation(random, role === 'server', 8);
        const { far, near, ws } = openMemory(role, { maxPendingAutoPongs: 0 });
        const seen = recordBytes(ws);
        await new Promise(setImmediate);
        for (const chunk of random.split(bytes, longest)) far.write(chunk);
        far.end();
        if (ws.readyState !== 3) await once(ws, 'close');
        expect(seen, `seed ${seed}`).toEqual(events);
        expect(near.destroyed).toBe(true);
      }
    }
  );

  it('sees the same events over TCP, byte by byte', async () => {
    const random = new Random(1234);
    const { bytes, events } = conversation(random, role === 'server', 3);
    const { peer, ws } = await openRaw(role);
    const seen = recordBytes(ws);
    const closed = once(ws, 'close');
    for (const byte of bytes) {
      await new Promise<void>((resolve) => peer.socket.write(Buffer.of(byte), () => resolve()));
    }
    await peer.ended;
    peer.socket.end();
    expect((await closed)[0]).toBe(1000);
    expect(seen).toEqual(events);
  });

  it('answers pings the same, however they are cut', async () => {
    for (const longest of [1, 7, 1000]) {
      const random = new Random(longest);
      const { far, frame, frames, ws } = openMemory(role);
      record(ws);
      await new Promise(setImmediate);
      const pings = ['', 'a', 'b'.repeat(125)].map((data) => frame(data, { opcode: 9 }));
      for (const chunk of random.split(Buffer.concat(pings), longest)) far.write(chunk);
      expect(frames().map(({ opcode, payload }) => [opcode, payload.length])).toEqual([
        [10, 0],
        [10, 1],
        [10, 125]
      ]);
    }
  });

  it('finds the same error, however the bytes are cut — RFC 6455 §7.1.7', async () => {
    for (const violation of violations) {
      if ((violation.role ?? role) !== role) continue;
      const outcomes = new Set<string>();
      for (const longest of [1, 3, 100_000]) {
        const { far, frame, frames, ws } = openMemory(role, violation.options);
        const events = record(ws);
        await new Promise(setImmediate);
        const bytes = violation.bytes({ frame } as never);
        for (const chunk of new Random(8).split(bytes, longest)) far.write(chunk);
        await new Promise(setImmediate);
        outcomes.add(JSON.stringify([events, frames().map(({ payload }) => payload)]));
      }
      expect([...outcomes], violation.title).toHaveLength(1);
      expect([...outcomes][0]).toContain(violation.error[1]);
    }
  });
});
