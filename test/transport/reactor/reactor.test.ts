import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { backend } from '../../../src/index.js';
import { closeOf, record } from '../../contract/events.js';
import { WebSocket } from '../../contract/library.js';
import { openRaw, type RawConnection } from '../../contract/raw-peer.js';
import { captureUncaught } from '../../contract/uncaught.js';
import { CLOSE, closeBody } from '../../contract/wire.js';
import { openRaws, socketOf, statsOf, until } from './carried.js';

/** Has each peer send, so that the next wake-up finds all of it. */
function sendAll(connections: RawConnection[], texts: (i: number) => string[]): void {
  connections.forEach(({ peer }, i) => {
    peer.write(Buffer.concat(texts(i).map((text) => peer.frame(text))));
  });
}

const textsOf = (events: unknown[][]) =>
  events.filter(([name]) => name === 'message').map(([, data]) => data);

describe.skipIf(backend.transport !== 'reactor')('a batch of many connections', () => {
  it('is one wake-up, with at most one read and one write a connection', async () => {
    const connections = await openRaws(20);
    for (const { ws } of connections) ws.on('message', (data) => ws.send(data));
    const rounds = 5;
    const before = statsOf(connections[0].ws);
    for (let round = 0; round < rounds; round++) {
      sendAll(connections, () => ['a', 'b', 'c']);
      await Promise.all(connections.map(({ peer }) => peer.nextFrames(3)));
    }
    const after = statsOf(connections[0].ws);
    expect(after.reads - before.reads).toBe(rounds * connections.length);
    expect(after.writes - before.writes).toBe(rounds * connections.length);
    expect(after.wakes - before.wakes).toBeLessThanOrEqual(rounds * 2);
    expect(after.changes).toBe(before.changes);
  });

  it('that is sent to all leaves with one write each, however many messages it is', async () => {
    const connections = await openRaws(20);
    const { ws } = connections[0];
    const before = statsOf(ws);
    for (let i = 0; i < 10; i++) for (const each of connections) each.ws.send('x'.repeat(128));
    await Promise.all(connections.map(({ peer }) => peer.nextFrames(10)));
    expect(statsOf(ws).writes - before.writes).toBe(20);
    expect(statsOf(ws).reads).toBe(before.reads);
    // As many large ones as the outbox has room for, and the others from where they are.
    const large = Buffer.alloc(20_000, 'x');
    for (const each of connections) each.ws.send(large);
    const frames = await Promise.all(connections.map(({ peer }) => peer.next()));
    for (const { payload } of frames) expect(payload.equals(large)).toBe(true);
    expect(statsOf(ws).writes - before.writes).toBe(40);
  });

  it('loses nobody’s messages when a listener of each throws', async () => {
    const uncaught = captureUncaught();
    const connections = await openRaws(50);
    const heard = connections.map(({ ws }) => {
      const texts: string[] = [];
      ws.on('message', (data) => {
        texts.push(String(data));
        if (String(data).endsWith(':1')) throw new Error(String(data));
      });
      return texts;
    });
    const sent = (i: number) => [0, 1, 2, 3].map((j) => `${i}:${j}`);
    sendAll(connections, sent);
    await until(() => heard.every(({ length }) => length === 4));
    expect(heard).toEqual(connections.map((_, i) => sent(i)));
    expect(uncaught.messages().sort()).toEqual(connections.map((_, i) => `${i}:1`).sort());
  });

  it('sends what was sent before a listener threw', async () => {
    captureUncaught();
    const connections = await openRaws(5);
    for (const { ws } of connections) {
      ws.on('message', (data) => {
        ws.send(data);
        throw new Error('thrown');
      });
    }
    sendAll(connections, (i) => [`${i}`, `${i}!`]);
    const answers = await Promise.all(connections.map(({ peer }) => peer.nextFrames(2)));
    expect(answers.map((frames) => frames.map(({ payload }) => String(payload)))).toEqual(
      connections.map((_, i) => [`${i}`, `${i}!`])
    );
  });

  it('that has more rows than the table, of one connection and of many, is delivered in order', async () => {
    const connections = await openRaws(3);
    const events = connections.map(({ ws }) => record(ws));
    const texts = (i: number) => Array.from({ length: 3000 }, (_, j) => `${i}:${j}`);
    sendAll(connections, texts);
    await until(() => events.every(({ length }) => length === 3000));
    expect(events.map(textsOf)).toEqual(connections.map((_, i) => texts(i)));
  });

  it('that needs more memory than there is to read into is delivered whole', async () => {
    const connections = await openRaws(10);
    const events = connections.map(({ ws }) => record(ws));
    const texts = (i: number) => [5000, 100, 60_000, 4096, 300_000].map((n) => `${i}`.repeat(n));
    sendAll(connections, texts);
    await until(() => events.every(({ length }) => length === 5));
    events.forEach((each, i) => {
      expect(textsOf(each).map((text) => (text as string).length)).toEqual(
        texts(i).map(({ length }) => length)
      );
      expect(textsOf(each)).toEqual(texts(i));
    });
  });
});

describe.skipIf(backend.transport !== 'reactor')('a listener, in the batch of another', () => {
  it('that terminates it keeps it from hearing anything', async () => {
    const [first, second, third] = await openRaws(3);
    const events = [second, third].map(({ ws }) => record(ws));
    const closed = closeOf(second.ws);
    first.ws.on('message', () => second.ws.terminate());
    sendAll([first, second, third], (i) => [`${i}`, 'x'.repeat(50_000)]);
    await until(() => textsOf(events[1]).length === 2);
    await closed;
    expect(events[0]).toEqual([['close', 1006, '']]);
  });

  it('that pauses it makes it hear nothing until it is resumed', async () => {
    const [first, second, third] = await openRaws(3);
    const events = [second, third].map(({ ws }) => record(ws));
    first.ws.on('message', () => second.ws.pause());
    sendAll([first, second, third], (i) => [`${i}`, 'more']);
    await until(() => textsOf(events[1]).length === 2);
    await turn();
    expect(events[0]).toEqual([]);
    second.ws.resume();
    await until(() => events[0].length === 2);
    expect(textsOf(events[0])).toEqual(['1', 'more']);
  });

  it('that resumes it makes it hear all in order', async () => {
    const [first, second] = await openRaws(2);
    const events = record(second.ws);
    second.ws.pause();
    second.peer.send('held');
    await until(() => socketOf(second.ws).readableLength > 0);
    first.ws.on('message', () => second.ws.resume());
    sendAll([first, second], (i) => [`${i}`]);
    await until(() => events.length === 2);
    expect(textsOf(events)).toEqual(['held', '1']);
  });

  it('that closes it lets it hear what has come, and answers the close frame', async () => {
    const [first, second] = await openRaws(2);
    const events = record(second.ws);
    first.ws.on('message', () => second.ws.close(4000, 'closed by another'));
    sendAll([first, second], (i) => [`${i}`]);
    const { opcode, payload } = await second.peer.next();
    expect([opcode, payload.readUInt16BE(), String(payload.subarray(2))]).toEqual([
      CLOSE,
      4000,
      'closed by another'
    ]);
    await until(() => events.length === 1);
    second.peer.send(closeBody(4000), { opcode: CLOSE });
    await second.peer.ended;
    second.peer.socket.end();
    await until(() => events.length === 2);
    expect(events).toEqual([
      ['message', '1', false],
      ['close', 4000, '']
    ]);
  });

  it('that destroys its socket loses nothing of the others', async () => {
    const connections = await openRaws(30);
    const events = connections.map(({ ws }) => record(ws));
    // Each second one is destroyed by the one before it.
    connections.forEach(({ ws }, i) => {
      if (i % 2 === 0) ws.on('message', () => socketOf(connections[i + 1].ws)?.destroy());
    });
    sendAll(connections, (i) => [`${i}`]);
    await until(() => events.every(({ length }) => length === 1));
    expect(events).toEqual(
      connections
        .map((_, i) => (i % 2 === 0 ? ['message', `${i}`, false] : ['close', 1006, '']))
        .map((event) => [event])
    );
  });
});

describe.skipIf(backend.transport !== 'reactor')('a listener', () => {
  it('that closes its connection hears what came with the message', async () => {
    const { peer, ws } = await openRaw('server');
    const events = record(ws);
    ws.once('message', () => ws.close());
    peer.write(Buffer.concat([peer.frame('a'), peer.frame('b')]));
    expect((await peer.next()).opcode).toBe(CLOSE);
    expect(textsOf(events)).toEqual(['a', 'b']);
  });

  it('that terminates its connection hears what came with the message', async () => {
    const { peer, ws } = await openRaw('server');
    const events = record(ws);
    ws.once('message', () => ws.terminate());
    peer.write(Buffer.concat([peer.frame('a'), peer.frame('b'), peer.frame('c')]));
    await closeOf(ws);
    expect(textsOf(events)).toEqual(['a', 'b', 'c']);
  });

  it('that opens a connection in its batch gets one that works', async () => {
    const [first] = await openRaws(1);
    const url = `ws://127.0.0.1:${(first.wss!.address() as { port: number }).port}`;
    first.wss!.on('connection', (ws) => ws.send('welcome'));
    const heard = new Promise((resolve) => {
      first.ws.on('message', () => {
        const client = new WebSocket(url);
        client.on('message', (data) => {
          client.terminate();
          resolve(String(data));
        });
      });
    });
    first.peer.send('open one');
    expect(await heard).toBe('welcome');
  });

  it('that closes the server and all of its connections ends the batch', async () => {
    const connections = await openRaws(20);
    const events = connections.map(({ ws }) => record(ws));
    const closed = connections.map(({ ws }) => closeOf(ws));
    const { wss } = connections[0];
    let count = 0;
    for (const { ws } of connections) {
      ws.on('message', () => {
        if (count++ > 0) return;
        for (const each of wss!.clients!) (each as WebSocket).terminate();
        wss!.close();
      });
    }
    sendAll(connections, () => ['a']);
    await once(wss!, 'close');
    expect(await Promise.all(closed)).toEqual(connections.map(() => [1006, '']));
    expect(count).toBe(1);
    expect(events.flatMap(textsOf)).toEqual(['a']);
  });

  it('has a turn of its own for each event where events are not synchronous', async () => {
    const connections = await openRaws(10, { allowSynchronousEvents: false });
    const heard: string[][] = connections.map(() => []);
    let turns = 0;
    const perTurn: number[][] = connections.map(() => []);
    connections.forEach(({ ws }, i) => {
      ws.on('message', (data) => {
        heard[i].push(String(data));
        perTurn[i].push(turns);
      });
    });
    sendAll(connections, (i) => ['a', 'b', 'c'].map((text) => text + i));
    while (heard.some(({ length }) => length < 3)) {
      await turn();
      turns++;
    }
    expect(heard).toEqual(connections.map((_, i) => ['a', 'b', 'c'].map((text) => text + i)));
    for (const each of perTurn) expect(new Set(each).size).toBe(3);
  });

  it('that throws where events are not synchronous loses nobody’s either', async () => {
    const uncaught = captureUncaught();
    const connections = await openRaws(10, { allowSynchronousEvents: false });
    const heard: string[][] = connections.map(() => []);
    connections.forEach(({ ws }, i) => {
      ws.on('message', (data) => {
        heard[i].push(String(data));
        throw new Error('thrown');
      });
    });
    sendAll(connections, () => ['a', 'b', 'c']);
    await until(() => heard.every(({ length }) => length === 3));
    expect(heard).toEqual(connections.map(() => ['a', 'b', 'c']));
    await turn();
    expect(uncaught.errors).toHaveLength(30);
  });
});

describe.skipIf(backend.transport !== 'reactor')('a large message', () => {
  const large = Buffer.from('0123456789abcdefg'.repeat(20_000));

  it('is received in memory that is all its own', async () => {
    const { peer, ws } = await openRaw('server');
    const frame = peer.frame(large);
    peer.write(frame.subarray(0, 50));
    await turn();
    peer.write(frame.subarray(50));
    const [data] = (await once(ws, 'message')) as [Buffer];
    expect(data.equals(large)).toBe(true);
    expect(data.buffer.byteLength).toBe(large.length);
  });

  it.each(['terminate', 'destroy', 'disappear'])(
    'that never becomes complete does not outlive its connection: %s',
    async (way) => {
      const connections = await openRaws(3);
      const [{ peer, ws }, ...others] = connections;
      const before = statsOf(ws).reads;
      for (const each of connections) each.peer.write(each.peer.frame(large).subarray(0, 200_000));
      await until(() => statsOf(ws).reads >= before + 3);
      const closed = once(ws, 'close');
      if (way === 'terminate') ws.terminate();
      else if (way === 'destroy') socketOf(ws).destroy();
      else peer.socket.destroy();
      await closed;
      for (const each of others) {
        each.peer.write(each.peer.frame(large).subarray(200_000));
        const [data] = (await once(each.ws, 'message')) as [Buffer];
        expect(data.equals(large)).toBe(true);
      }
    }
  );
});
