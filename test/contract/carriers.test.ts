import { expect, it } from 'vitest';
import { expectedPair } from './expected-pair.js';
import { isStock, type WebSocket } from './library.js';
import { carriers, openPair } from './pair.js';

/** What moves the bytes of a connection. */
const transportOf = (ws: WebSocket): string =>
  (ws as unknown as { _connection: { transport: object } })._connection.transport.constructor.name;

/** What this run is about, where the socket is nothing but the system's. */
const promised = () => {
  if (process.env.FERROWS_EXPECT === 'native+lean') return 'LeanTransport';
  return expectedPair().transport === 'reactor' ? 'ReactorTransport' : 'StreamTransport';
};

it.skipIf(isStock).each(carriers)(
  'a connection over %s has the transport of this run',
  async (carrier) => {
    const isPlain = carrier === 'TCP' || carrier === 'Unix';
    const { client, server } = await openPair(carrier);
    const transport = isPlain ? promised() : 'StreamTransport';
    expect([client, server].map(transportOf)).toEqual([transport, transport]);
  }
);
