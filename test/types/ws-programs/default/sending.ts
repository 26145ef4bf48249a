import { once } from 'events';
import { WebSocket } from 'ws';

declare const ws: WebSocket;

ws.send('text');
ws.send(42);
ws.send(Buffer.from('bytes'));
ws.send(new ArrayBuffer(8));
ws.send(new SharedArrayBuffer(8));
ws.send(new Uint8Array(8));
ws.send(new Float64Array(8));
ws.send(new DataView(new ArrayBuffer(8)));
ws.send([1, 2, 3]);
ws.send(Object.freeze([1, 2, 3]));
ws.send({ valueOf: () => 'text' });
ws.send({ valueOf: () => new Uint8Array(8) });
ws.send({ [Symbol.toPrimitive]: (hint: string) => hint });
ws.send(new Blob(['text']));
ws.send(new String('text'));
ws.send('text', (error) => error?.message);
ws.send('text', (error?: Error) => error?.message);
ws.send('text', () => {});
ws.send('text', { binary: true });
ws.send('text', { binary: false, compress: true, fin: false, mask: true }, (error) => error);
ws.send('text', {}, () => {});

async function promised(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    ws.send('text', (error) => (error ? reject(error) : resolve()));
  });
  const [data, isBinary]: [Buffer, boolean] = (await once(ws, 'message')) as [Buffer, boolean];
  data.equals(Buffer.from(String(isBinary)));
}

function broadcast(sockets: Iterable<WebSocket>, except: WebSocket | null, data: string): void {
  for (const socket of sockets) {
    if (socket !== except && socket.readyState === WebSocket.OPEN) socket.send(data);
  }
}

type Payload = Parameters<WebSocket['send']>[0];
const payload: Payload = 'text';
ws.send(payload);

type Listener = Parameters<WebSocket['addEventListener']>[1];
export { broadcast, promised, type Listener };
