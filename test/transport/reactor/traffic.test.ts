import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { backend } from '../../../src/index.js';
import { Random } from '../../contract/random.js';
import { WebSocket } from '../../contract/library.js';
import { openServer } from '../../contract/pair.js';
import { reactorOf, socketOf, until } from './carried.js';

/** How a connection is ended, and what is known of what had been sent by then. */
type Ending = 'open' | 'closing' | 'aborted';

/** One direction of a connection: what was sent, as a model, and what has come of it. */
class Direction {
  sent = 0;
  heard = 0;
  calledBack = 0;

  constructor(
    readonly name: string,
    private readonly random: Random,
    private readonly complain: (text: string) => void
  ) {}

  /** Sends the next message of this direction, of any size. */
  send(ws: WebSocket): void {
    const number = this.sent++;
    const size = this.random.pick([0, 3, 40, 125, 126, 4000, 4097, 9000, 70_000]);
    const message = this.message(number, size);
    const own = ws;
    own.send(this.random.below(2) ? message : Buffer.from(message), (error) => {
      if (error) return;
      if (this.calledBack > number) this.complain(`${this.name}: ${number} is called back late`);
      this.calledBack = number + 1;
    });
  }

  /** Compares a message with the one that is next. */
  hear(text: string): void {
    const number = this.heard++;
    const colon = text.indexOf('|');
    if (text !== this.message(number, text.length - colon - 1)) {
      this.complain(`${this.name}: ${text.slice(0, 60)} instead of message ${number}`);
    }
    if (number >= this.sent) this.complain(`${this.name}: more was heard than sent`);
  }

  /** Every byte depends on the connection, the direction and the number. */
  private message(number: number, size: number): string {
    const head = `${this.name}#${number}|`;
    return head + head.repeat(Math.ceil(size / head.length)).slice(0, size);
  }
}

/** A connection with both of its ends in this process. */
class Link {
  readonly up: Direction;
  readonly down: Direction;
  ending: Ending = 'open';
  closes = 0;

  constructor(
    readonly client: WebSocket,
    readonly server: WebSocket,
    serial: number,
    random: Random,
    complain: (text: string) => void
  ) {
    this.up = new Direction(`${serial}up`, random, complain);
    this.down = new Direction(`${serial}down`, random, complain);
    server.on('message', (data: Buffer) => this.up.hear(String(data)));
    client.on('message', (data: Buffer) => this.down.hear(String(data)));
    for (const ws of [client, server]) {
      ws.on('error', (error: Error) => complain(`${serial}: ${error.message}`));
      ws.on('close', () => {
        if (this.ending === 'open') complain(`${serial}: closed by nobody`);
        this.closes++;
      });
    }
  }

  /** Does something. */
  act(random: Random): void {
    const [ws, direction] = random.below(2)
      ? ([this.client, this.up] as const)
      : ([this.server, this.down] as const);
    const isOpen = ws.readyState === WebSocket.OPEN;
    switch (random.below(24)) {
      case 0:
        ws.pause();
        break;
      case 1:
      case 2:
        ws.resume();
        break;
      case 3:
        if (isOpen) ws.ping('ping');
        break;
      case 4:
        if (random.below(6) > 0) break;
        if (this.ending === 'open') this.ending = 'closing';
        ws.close(1000, 'enough');
        break;
      case 5:
        if (random.below(6) > 0) break;
        this.ending = 'aborted';
        this.abort(ws, random);
        break;
      default:
        if (isOpen) direction.send(ws);
    }
  }

  private abort(ws: WebSocket, random: Random): void {
    const socket = socketOf(ws);
    switch (random.below(4)) {
      case 0:
        ws.terminate();
        break;
      case 1:
        socket?.destroy();
        break;
      case 2:
        socket?.resetAndDestroy();
        break;
      default:
        // A half-close in the middle of everything.
        socket?.end();
    }
  }
}

describe.skipIf(backend.transport !== 'reactor')(
  'random traffic of hundreds of connections',
  () => {
    it.each([1, 2, 3])(
      'with aborts and half-closes delivers what a model says, seed %i',
      async (seed) => {
        const random = new Random(seed);
        const complaints: string[] = [];
        const complain = (text: string) => void complaints.push(text);
        const { wss, connect } = await openServer('TCP', {
          // Both sides may wait for each other with everything paused.
          closeTimeout: 60_000
        } as object);
        let serial = 0;
        const all: Link[] = [];
        const open = async () => {
          const accepted = once(wss, 'connection');
          const client = connect();
          const [[server]] = (await Promise.all([accepted, once(client, 'open')])) as [
            [WebSocket],
            unknown
          ];
          const link = new Link(client, server, serial++, random, complain);
          all.push(link);
          return link;
        };
        // One after the other: which accepted connection is whose has to be known.
        const links: Link[] = [];
        while (links.length < 300) links.push(await open());
        const native = reactorOf(links[0].client);

        for (let round = 0; round < 150; round++) {
          for (let i = 0; i < 200; i++) random.pick(links).act(random);
          await turn();
          for (let i = 0; i < links.length; i++) {
            if (links[i].closes === 2) links[i] = await open();
          }
        }

        // Everybody who is left says goodbye; nobody is paused any more.
        for (const link of links) {
          for (const ws of [link.client, link.server]) ws.resume();
          if (link.ending === 'open') {
            link.ending = 'closing';
            link.client.close();
          }
        }
        await until(() => all.every(({ closes }) => closes === 2));
        for (const { down, ending, up } of all) {
          if (ending !== 'closing') continue;
          for (const { heard, name, sent } of [up, down]) {
            if (heard !== sent) complain(`${name}: ${heard} of ${sent} were heard`);
          }
        }
        expect(complaints).toEqual([]);
        expect(all.length).toBeGreaterThan(400);
        expect(all.reduce((sum, { down, up }) => sum + down.heard + up.heard, 0)).toBeGreaterThan(
          4000
        );
        expect(native.stats()[0]).toBe(0);
      },
      60_000
    );
  }
);
