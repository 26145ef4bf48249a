import type { EventEmitter } from 'node:events';

/** The first `count` values of an event, once they have all come; lists of arguments if `all`. */
export function take<T = unknown>(
  emitter: EventEmitter,
  event: string,
  count: number
): Promise<T[]> {
  return new Promise((resolve) => {
    const values: T[] = [];
    emitter.on(event, function listener(value: T) {
      if (values.push(value) < count) return;
      emitter.removeListener(event, listener);
      resolve(values);
    });
  });
}

/** Every message, ping and pong as text, and how the connection ended, in their order. */
export function record(ws: EventEmitter): unknown[][] {
  const events: unknown[][] = [];
  ws.on('message', (data, isBinary) => events.push(['message', String(data), isBinary]));
  ws.on('ping', (data) => events.push(['ping', String(data)]));
  ws.on('pong', (data) => events.push(['pong', String(data)]));
  ws.on('error', (error) => events.push(['error', error.code ?? error.message]));
  ws.on('close', (code, reason) => events.push(['close', code, String(reason)]));
  return events;
}

/** Code and reason of the 'close' event, whether or not an error comes before it. */
export function closeOf(ws: EventEmitter): Promise<[code: number, reason: string]> {
  return new Promise((resolve) => {
    ws.on('error', () => {});
    ws.once('close', (code: number, reason: Buffer) => resolve([code, String(reason)]));
  });
}

/** The error of a connection. */
export function errorOf(ws: EventEmitter): Promise<Error & { code?: string }> {
  return new Promise((resolve) => ws.once('error', resolve));
}
