import { setTimeout as after } from 'node:timers/promises';
import type { Random } from './random.js';

/** What sends a sequence: a WebSocket, ours or that of stock ws. */
export interface Sending {
  send(data: Buffer | string, options: object): void;
  ping(data: string): void;
}

/** What has to arrive: a message, binary as Latin-1, or a ping. */
export type Event = [name: string, data: string];

/** The sizes are around every limit of the implementations; the first eight are drawn more often. */
export const LENGTHS = [
  0, 1, 20, 200, 500, 1024, 1025, 2048, 2049, 4096, 4097, 9000, 33_000, 70_000
];

export function textOf(random: Random, length: number): string {
  let text = '';
  while (text.length < length) text += `{"id":${random.below(3000)},"side":"buy","é":true},`;
  return text.slice(0, length);
}

/** Sends a random sequence; returns what has to arrive. */
export async function sendSequence(
  from: Sending,
  random: Random,
  count: number,
  lengths = LENGTHS
): Promise<Event[]> {
  const events: Event[] = [];
  for (let i = 0; i < count; i++) {
    const length = random.pick(random.below(3) ? lengths.slice(0, 8) : lengths);
    const binary = random.below(2) === 0;
    // Now and then what cannot be compressed.
    const text =
      random.below(12) > 0 ? textOf(random, length) : random.bytes(length).toString('latin1');
    const data = (part: string) => (binary ? Buffer.from(part, 'latin1') : part);
    const compress = random.below(8) > 0;
    if (random.below(6) === 0) {
      const middle = random.below(length + 1);
      from.send(data(text.slice(0, middle)), { fin: false, compress });
      from.ping(`between ${i}`);
      events.push(['ping', `between ${i}`]);
      from.send(data(text.slice(middle)), { compress });
    } else {
      from.send(data(text), { compress });
    }
    events.push([binary ? 'binary' : 'text', text]);
    if (random.below(4) === 0) {
      from.ping(`ping ${i}`);
      events.push(['ping', `ping ${i}`]);
    }
    // Now and then a turn of the event loop, or time enough for a context to be given up.
    if (random.below(6) === 0) await new Promise(setImmediate);
    if (random.below(20) === 0) await after(3);
  }
  from.ping('end');
  events.push(['ping', 'end']);
  return events;
}

/** A message as an event. */
export function eventOf(data: unknown, isBinary: boolean): Event {
  return isBinary ? ['binary', (data as Buffer).toString('latin1')] : ['text', String(data)];
}
