import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Both ends of a connection of Node's; the test's end ends it. */
export async function socketPair(
  kind: 'TCP' | 'Unix' = 'TCP',
  options: net.ServerOpts = {}
): Promise<{ near: net.Socket; far: net.Socket }> {
  const server = net.createServer(options);
  if (kind === 'TCP') {
    server.listen(0, '127.0.0.1');
  } else {
    const folder = mkdtempSync(join(tmpdir(), 'socket-pair-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    server.listen(join(folder, 's'));
  }
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const far = net.connect(
    kind === 'TCP'
      ? { port: (server.address() as net.AddressInfo).port, host: '127.0.0.1' }
      : { path: server.address() as string }
  );
  const [[near]] = await Promise.all([accepted, once(far, 'connect')]);
  server.close();
  for (const socket of [near, far]) {
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
  }
  return { near, far };
}
