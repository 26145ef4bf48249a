import type { Random } from './random.js';
import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closeBody, frame } from './wire.js';

export type ConversationEvent = [name: string, data: string, isBinary?: boolean];

export interface Conversation {
  /** What the peer sends. */
  bytes: Buffer;
  /** What has to come of it; binary data in hexadecimal. */
  events: ConversationEvent[];
}

const LENGTHS = [0, 1, 2, 7, 125, 126, 127, 600, 5000];
/** Characters of one to four bytes: a split may fall into any of them. */
const CHARACTERS = ['a', 'ß', '€', '😀'];

/**
 * A valid sequence of messages and control frames, some messages in fragments with control frames
 * between them (RFC 6455 §5.4), up to the close frame. `masked`: as a client sends them.
 */
export function conversation(random: Random, masked: boolean, messages = 12): Conversation {
  const frames: Buffer[] = [];
  const events: ConversationEvent[] = [];
  const send = (payload: Buffer, opcode: number, fin = true) =>
    frames.push(frame(payload, { opcode, fin, key: masked ? random.bytes(4) : null }));

  const control = () => {
    const data = random.bytes(random.pick([0, 1, 125]));
    const isPing = random.below(2) === 0;
    send(data, isPing ? PING : PONG);
    events.push([isPing ? 'ping' : 'pong', data.toString('hex')]);
  };

  for (let i = 0; i < messages; i++) {
    const isBinary = random.below(2) === 0;
    const length = random.pick(LENGTHS);
    const payload = isBinary ? random.bytes(length) : Buffer.from(randomText(random, length));
    const parts = random.below(3) === 0 ? random.split(payload, 1 + length / 2) : [payload];
    if (parts.length === 0) parts.push(payload);

    for (const [j, part] of parts.entries()) {
      const opcode = j > 0 ? CONTINUATION : isBinary ? BINARY : TEXT;
      send(part, opcode, j === parts.length - 1);
      if (j < parts.length - 1 && random.below(3) === 0) control();
    }
    events.push(['message', isBinary ? payload.toString('hex') : String(payload), isBinary]);
    if (random.below(4) === 0) control();
  }
  send(closeBody(1000, 'bye'), CLOSE);
  return { bytes: Buffer.concat(frames), events };
}

function randomText(random: Random, length: number): string {
  return Array.from({ length }, () => random.pick(CHARACTERS)).join('');
}
