import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What an endpoint does with the bytes of a peer, as data: `crates/protocol` reads the same files.
 * `data` and `reason` in events, and chunks, are hex in which `ab*3` stands for `ababab` and spaces
 * mean nothing.
 */
export interface Vector {
  name: string;
  /** Where the behaviour is demanded; of limits, where they are allowed. */
  rfc: string;
  /** What the endpoint under test is. */
  role: 'server' | 'client';
  options?: {
    /** permessage-deflate was negotiated, without parameters. */
    deflate?: boolean;
    maxBufferedChunks?: number;
    maxFragments?: number;
    maxPayload?: number;
    skipUTF8Validation?: boolean;
  };
  chunks: string[];
  events: VectorEvent[];
  /** What ends it, if that is an error. */
  error?: { code: string; status: number; message: string };
}

export type VectorEvent =
  | { type: 'text' | 'binary' | 'ping' | 'pong'; data: string }
  | { type: 'close'; code: number; reason: string };

/** All vectors by the names of their files. */
export function readVectors(): [file: string, vectors: Vector[]][] {
  return readdirSync(__dirname)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [
      name.slice(0, -'.json'.length),
      JSON.parse(readFileSync(join(__dirname, name), 'utf8')) as Vector[]
    ]);
}

/** The bytes that `text` stands for. */
export function toBytes(text: string): Buffer {
  const parts = text.split(' ').map((part) => {
    const [hex, count = '1'] = part.split('*');
    const bytes = Buffer.from(hex, 'hex');
    return Buffer.alloc(bytes.length * Number(count), bytes);
  });
  return Buffer.concat(parts);
}
