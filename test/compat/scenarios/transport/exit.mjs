import { spawn } from 'node:child_process';
import { CLOSE, TEXT } from '../../kit/frame.mjs';
import { keyOf, readHead, responseText, tcpServer } from '../../kit/http.mjs';
import { Peer } from '../../kit/peer.mjs';

/** A process that connects, runs `program` once open and ends; the frames it sent are recorded. */
function exiting(title, program) {
  return {
    title: `a process that ends: ${title}`,
    async run(ws, t) {
      let resolveClosed;
      const closed = new Promise((resolve) => (resolveClosed = resolve));
      const server = await tcpServer(t, async (raw) => {
        raw.once('close', resolveClosed);
        const { head, rest } = await readHead(t, raw);
        const peer = new Peer(t, raw, { masks: false, rest });
        const response = Buffer.from(responseText(keyOf(head)));
        raw.write(Buffer.concat([response, peer.frame(TEXT, 'hello')]));
        while ((await peer.next()).opcode !== CLOSE);
        peer.close(1000);
        peer.end();
      });
      const script = `
        const { WebSocket } = require(${JSON.stringify(t.library.require)});
        const ws = new WebSocket(${JSON.stringify(server.url)}, { perMessageDeflate: false });
        (${program})(ws);
      `;
      const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
      t.defer(() => child.kill());
      const [code, signal] = await t.event(child, 'exit');
      t.lane('child')('exit', code, signal);
      await t.wait('the end of its connection', closed);
    }
  };
}

export default [
  exiting('process.exit() in the tick of a send()', (ws) => {
    ws.on('open', () => {
      ws.send('last words');
      ws.ping('bye');
      process.exit(3);
    });
  }),
  exiting('process.exit() in the listener of a message', (ws) => {
    ws.on('message', (data) => {
      ws.send(`echo ${data}`);
      process.exit(4);
    });
  }),
  exiting('an uncaught exception in the tick of a send()', (ws) => {
    ws.on('open', () => {
      ws.send('last words');
      throw new Error('uncaught');
    });
  }),
  exiting("sends in the listener of 'exit'", (ws) => {
    ws.on('open', () => process.exit(5));
    process.on('exit', () => ws.send('from the listener'));
  }),
  exiting('of itself once closed', (ws) => {
    ws.on('open', () => ws.close(1000, 'done'));
  }),
  exiting('of itself once terminated', (ws) => {
    ws.on('open', () => {
      ws.send('last words');
      ws.terminate();
    });
  }),
  exiting('of itself with an unreferenced socket', (ws) => {
    ws.on('open', () => {
      ws.send('last words');
      ws._socket.unref();
    });
  })
];
