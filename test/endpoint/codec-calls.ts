import { randomBytes } from 'node:crypto';
import * as ws from 'ws';

/** `PerMessageDeflate` of this package or of stock ws, as far as the tests here call it. */
export interface AnyCodec {
  params: object | null;
  compress(data: Buffer | string, fin: boolean, callback: Callback): void;
  decompress(data: Buffer, fin: boolean, callback: Callback): void;
  cleanup(): void;
}

/** Stock ws's class, which its type definitions leave out. */
export const { PerMessageDeflate: Stock } = ws as unknown as {
  PerMessageDeflate: new (options?: object) => AnyCodec & { offer(): object };
};

type Callback = (error: Error | null, data: Buffer) => void;

export function compress(codec: AnyCodec, data: Buffer | string, fin = true): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    codec.compress(data, fin, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

export function decompress(codec: AnyCodec, data: Buffer, fin = true): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    codec.decompress(data, fin, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

/** The error `call` fails with. */
export async function errorOf(call: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await call;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected the call to fail');
}

/** Compressible text of `length` bytes that differs from call to call. */
export function text(length: number): Buffer {
  let json = '';
  while (json.length < length) {
    json += `{"id":"${randomBytes(3).toString('hex')}","side":"buy","open":true},`;
  }
  return Buffer.from(json.slice(0, length));
}

/** When everything that was due in this turn of the event loop has happened. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
