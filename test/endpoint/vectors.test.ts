import * as ws from 'ws';
import { describe, expect, it } from 'vitest';
import type { Extensions, Incoming, IncomingHandler } from '../../src/endpoint/contract.js';
import type { IncomingOptions, MessageData } from '../../src/endpoint/contract.js';
import { kStatusCode, type ProtocolError } from '../../src/endpoint/errors.js';
import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { NativeParsers } from '../../src/endpoint/native/parser.js';
import { Parser } from '../../src/endpoint/portable/parser.js';
import { loadNative } from '../../src/load-native.js';
import { readVectors, toBytes, type Vector, type VectorEvent } from '../vectors/vectors.js';

/** Events with their bytes written out, and the error that ended them. */
type Outcome = Pick<Vector, 'events' | 'error'>;

/** Gives `chunks` to a new endpoint and tells what came of it. */
type Subject = (
  options: Vector['options'],
  isServer: boolean,
  chunks: Buffer[]
) => Promise<Outcome>;

const { binding } = loadNative({});
const parsers = binding && new NativeParsers(binding);

const subjects: Record<string, Subject> = {
  'the portable endpoint': ({ deflate, ...options } = {}, isServer, chunks) =>
    ownOutcome(
      (all, handler) => new Parser(all, handler),
      { ...options, isServer, extensions: negotiated(deflate, options) },
      chunks
    ),
  'stock ws': ({ deflate, ...options } = {}, isServer, chunks) =>
    stockOutcome({ ...options, isServer, extensions: stockNegotiated(deflate, options) }, chunks)
};

// Where there is no Rust toolchain, there is no addon; CI always has one.
if (parsers) {
  subjects['the native endpoint'] = ({ deflate, ...options } = {}, isServer, chunks) =>
    ownOutcome(
      (all, handler) => parsers.create(all, handler),
      { ...options, isServer, extensions: negotiated(deflate, options) },
      chunks
    );
}

/** More writes than this show nothing new. */
const MAX_SINGLE_BYTES = 512;

describe.each(Object.entries(subjects))('%s', (_, subject) => {
  describe.each(readVectors())('%s', (_, vectors) => {
    it.each(vectors.map((vector) => [`${vector.name} — ${vector.rfc}`, vector] as const))(
      '%s',
      async (_, vector) => {
        for (const chunks of splits(vector)) {
          const outcome = await subject(vector.options, vector.role === 'server', chunks);
          expect(outcome).toEqual({ events: vector.events.map(normal), error: vector.error });
        }
      }
    );
  });
});

/** The chunks as they are and, where only the bytes count, all bytes at once and one by one. */
function splits(vector: Vector): Buffer[][] {
  const chunks = vector.chunks.map(toBytes);
  if (vector.options?.maxBufferedChunks) return [chunks];
  const whole = Buffer.concat(chunks);
  const splits = [chunks, [Buffer.from(whole)]];
  if (whole.length <= MAX_SINGLE_BYTES) splits.push(Array.from(whole, (byte) => Buffer.of(byte)));
  return splits;
}

function normal(event: VectorEvent): VectorEvent {
  if (event.type === 'close') return event;
  return { type: event.type, data: toBytes(event.data).toString('hex') };
}

function negotiated(deflate: boolean | undefined, options: object): Extensions {
  if (!deflate) return {};
  const codec = new PerMessageDeflate(options);
  codec.accept([{}]);
  return { 'permessage-deflate': codec };
}

function ownOutcome(
  make: (options: IncomingOptions, handler: IncomingHandler) => Incoming,
  options: IncomingOptions,
  chunks: Buffer[]
): Promise<Outcome> {
  return new Promise((resolve) => {
    const events: VectorEvent[] = [];
    const endpoint = make(options, {
      onMessage: (data, isBinary) => events.push(message(data, isBinary)),
      onPing: (data) => events.push({ type: 'ping', data: data.toString('hex') }),
      onPong: (data) => events.push({ type: 'pong', data: data.toString('hex') }),
      onConclude: (code, reason) =>
        events.push({ type: 'close', code, reason: reason.toString('hex') }),
      onError: (error) => resolve({ events, error: described(error as ProtocolError) }),
      onDrain: () => {},
      onFinish: () => resolve({ events })
    });
    for (const chunk of chunks) endpoint.write(chunk);
    endpoint.end();
  });
}

function message(data: MessageData, isBinary: boolean): VectorEvent {
  return { type: isBinary ? 'binary' : 'text', data: (data as Buffer).toString('hex') };
}

function described(error: ProtocolError): Vector['error'] {
  const status = Reflect.ownKeys(error).find((key) => String(key) === String(kStatusCode));
  return { code: error.code, status: Reflect.get(error, status!), message: error.message };
}

// What follows is for ws, whose receiver is a stream.

interface Receiver extends NodeJS.EventEmitter {
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  write(chunk: Buffer): boolean;
  end(): void;
}

const stock = ws as unknown as {
  Receiver: new (options: object) => Receiver;
  PerMessageDeflate: typeof PerMessageDeflate;
};

function stockNegotiated(deflate: boolean | undefined, options: object): object {
  if (!deflate) return {};
  const codec = new stock.PerMessageDeflate(options);
  codec.accept([{}]);
  return { 'permessage-deflate': codec };
}

function stockOutcome(options: object, chunks: Buffer[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const events: VectorEvent[] = [];
    const receiver = new stock.Receiver(options);
    receiver
      .on('message', (data: Buffer, isBinary: boolean) => events.push(message(data, isBinary)))
      .on('ping', (data: Buffer) => events.push({ type: 'ping', data: data.toString('hex') }))
      .on('pong', (data: Buffer) => events.push({ type: 'pong', data: data.toString('hex') }))
      .on('conclude', (code: number, reason: Buffer) =>
        events.push({ type: 'close', code, reason: reason.toString('hex') })
      )
      .on('error', (error: ProtocolError) => resolve({ events, error: described(error) }))
      .on('finish', () => resolve({ events }));
    const isOpen = () => !receiver.destroyed && !receiver.writableEnded;
    for (const chunk of chunks) if (isOpen()) receiver.write(chunk);
    if (isOpen()) receiver.end();
  });
}
