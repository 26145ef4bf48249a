import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closeOf, take } from './events.js';
import { WebSocket } from './library.js';
import { openServer } from './pair.js';

const storage = new AsyncLocalStorage<string>();

/** Both sides of a connection; the client was made in a context. */
async function open() {
  const { wss, connect } = await openServer('TCP');
  const connection = once(wss, 'connection');
  const client = storage.run('made', () => connect());
  const [[server]] = (await Promise.all([connection, once(client, 'open')])) as [
    [WebSocket],
    unknown
  ];
  return { client, server };
}

/** The contexts in which the listeners of these events run; the listeners are added in another. */
function contextsOf(ws: WebSocket, names: string[]): (string | undefined)[][] {
  const contexts: (string | undefined)[][] = [];
  storage.run('added', () => {
    for (const name of names) ws.on(name, () => contexts.push([name, storage.getStore()]));
  });
  return contexts;
}

describe('a listener', () => {
  it('of a client runs in the context in which the client was made', async () => {
    const { client, server } = await open();
    const contexts = contextsOf(client, ['message', 'ping', 'pong', 'close']);
    storage.run('sent', () => client.ping());
    await once(client, 'pong');
    storage.run('sent', () => {
      server.send('a');
      server.ping();
      server.close();
    });
    await closeOf(client);
    expect(contexts).toEqual(['pong', 'message', 'ping', 'close'].map((name) => [name, 'made']));
  });

  it('of a server’s connection runs in no context', async () => {
    const { client, server } = await open();
    const contexts = contextsOf(server, ['message', 'ping', 'close']);
    storage.run('sent', () => {
      client.send('a');
      client.ping();
      client.close();
    });
    await closeOf(server);
    expect(contexts).toEqual(['message', 'ping', 'close'].map((name) => [name, undefined]));
  });

  it('does not get the context of another connection of its batch', async () => {
    const opened = await Promise.all(Array.from({ length: 5 }, open));
    const contexts = opened.map(({ client }) => contextsOf(client, ['message']));
    const messages = opened.map(({ client }) => take(client, 'message', 2));
    opened.forEach(({ client }, i) => {
      client.on('message', () => storage.enterWith(`entered ${i}`));
    });
    for (const { server } of opened) {
      server.send('a');
      server.send('b');
    }
    await Promise.all(messages);
    for (const each of contexts) expect(each[0]).toEqual(['message', 'made']);
  });

  it('that waits goes on in its context', async () => {
    const { client, server } = await open();
    const heard = new Promise((resolve) => {
      client.on('message', async () => {
        await new Promise((next) => setImmediate(next));
        resolve(storage.getStore());
      });
    });
    server.send('a');
    expect(await heard).toBe('made');
  });
});

describe('a callback of send', () => {
  it('runs in the context of the send', async () => {
    const { client } = await open();
    const called = new Promise((resolve) => {
      storage.run('sent', () => client.send('a', () => resolve(storage.getStore())));
    });
    expect(await called).toBe('sent');
  });

  it('runs in the context of its own send when others send in the same tick', async () => {
    const { client, server } = await open();
    const contexts: unknown[] = [];
    const all = Promise.all(
      [client, server, client].map(
        (ws, i) =>
          new Promise<void>((resolve) => {
            storage.run(`sent ${i}`, () => {
              ws.send('a', () => {
                contexts.push([i, storage.getStore()]);
                resolve();
              });
            });
          })
      )
    );
    await all;
    expect(contexts.sort()).toEqual([0, 1, 2].map((i) => [i, `sent ${i}`]));
  });

  it('runs in the context of its send within a listener', async () => {
    const { client, server } = await open();
    const called = new Promise((resolve) => {
      server.on('message', () => {
        storage.run('sent', () => server.send('a', () => resolve(storage.getStore())));
      });
    });
    client.send('a');
    onTestFinished(() => client.terminate());
    expect(await called).toBe('sent');
  });
});
