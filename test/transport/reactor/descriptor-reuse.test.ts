import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backend } from '../../../src/index.js';
import { Random } from '../../contract/random.js';
import { WebSocket, type WebSocketServer } from '../../contract/library.js';
import { openServer } from '../../contract/pair.js';
import { reactorOf, socketOf, until } from './carried.js';

/** Ways in which others than the library take a descriptor away. */
const ways: Record<string, (ws: WebSocket) => void> = {
  'socket.destroy': (ws) => socketOf(ws).destroy(),
  'socket.resetAndDestroy': (ws) => socketOf(ws).resetAndDestroy(),
  'handle.close': (ws) => (socketOf(ws) as any)._handle.close(),
  'socket.destroySoon': (ws) => socketOf(ws).destroySoon(),
  terminate: (ws) => ws.terminate()
};

/** Connections that know each other by a number, and complain about every other one's. */
class Population {
  readonly complaints: string[] = [];
  readonly alive = new Map<number, WebSocket>();
  opened = 0;
  answered = 0;

  constructor(
    wss: WebSocketServer,
    private readonly connect: () => WebSocket
  ) {
    wss.on('connection', (ws: WebSocket) => {
      let number: string | null = null;
      ws.on('error', (error: Error) => this.complaints.push(String(error)));
      ws.on('message', (data) => {
        const [own] = String(data).split(':');
        number ??= own;
        if (own !== number) this.complaints.push(`${number} of the server got ${String(data)}`);
        ws.send(data);
      });
    });
  }

  async open(): Promise<void> {
    const number = this.opened++;
    const ws = this.connect();
    ws.on('message', (data) => {
      this.answered++;
      if (!String(data).startsWith(`${number}:`)) {
        this.complaints.push(`${number} of a client got ${String(data).slice(0, 30)}`);
      }
    });
    await once(ws, 'open');
    ws.send(`${number}:hello`);
    await once(ws, 'message');
    this.alive.set(number, ws);
  }
}

describe.skipIf(backend.transport !== 'reactor')('a descriptor that is used again', () => {
  it.each(Object.entries(ways))(
    'after %s brings and takes nothing of its last connection’s',
    async (_name, take) => {
      const { wss, connect } = await openServer('TCP');
      const population = new Population(wss, connect);
      await Promise.all(Array.from({ length: 20 }, () => population.open()));
      const native = reactorOf([...population.alive.values()][0]);
      const before = native.stats()[0];
      const used = new Set<number>();
      for (let round = 0; round < 25; round++) {
        const taken = [...population.alive].filter(([number]) => number % 2 === round % 2);
        for (const [number, ws] of population.alive) {
          ws.send(`${number}:on its way ${'x'.repeat(number % 9 === 0 ? 20_000 : 3)}`);
        }
        for (const [number, ws] of taken) {
          used.add((socketOf(ws) as any)._handle.fd);
          ws.send(`${number}:never flushed`);
          take(ws);
          population.alive.delete(number);
        }
        // Their descriptors are taken by these, while the others' messages are under way.
        await Promise.all(taken.map(() => population.open()));
      }
      expect(population.complaints).toEqual([]);
      expect(population.opened).toBeGreaterThan(250);
      // Node closes descriptors at once: the next connections have the same.
      expect(used.size).toBeLessThan(100);
      for (const ws of [...population.alive.values(), ...wss.clients!]) ws.terminate();
      await until(() => native.stats()[0] <= before - 40);
      expect(native.stats()[0]).toBe(before - 40);
    }
  );

  it('thousands of times, in every way, brings nothing of another’s', async () => {
    const random = new Random(1);
    const { wss, connect } = await openServer('TCP');
    const population = new Population(wss, connect);
    onTestFinished(() => {
      for (const ws of population.alive.values()) ws.terminate();
    });
    const takes = Object.values(ways);
    while (population.opened < 3000) {
      await Promise.all(Array.from({ length: 50 }, () => population.open()));
      for (const [number, ws] of population.alive) {
        for (let i = random.below(4); i > 0; i--) ws.send(`${number}:${'y'.repeat(1 << i)}`);
        if (random.below(3) === 0) continue;
        population.alive.delete(number);
        // The server's side of it, or this one; before or after its messages have left.
        if (random.below(2) === 0) await turn();
        const side = random.below(3) === 0 ? random.pick([...(wss.clients as Set<WebSocket>)]) : ws;
        if (socketOf(side) && (socketOf(side) as any)._handle) random.pick(takes)(side);
      }
    }
    expect(population.complaints).toEqual([]);
    expect(population.answered).toBeGreaterThanOrEqual(3000);
  });
});
