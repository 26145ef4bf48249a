/** What the demo measures. */

import { clientFrame, expectFrames, open, serverFrame } from './load.mjs';

/** One connection sends, all of them receive. `perRound` messages are sent, then all awaited. */
const BROADCAST = { connections: 100, bytes: 128, perRound: 10 };

/** Every connection keeps `inFlight` messages under way. */
const ECHO = { connections: 64, bytes: 20, inFlight: 16 };

/**
 * @typedef {object} Workload
 * @property {string} title
 * @property {(port: number) => Promise<Traffic>} start
 *
 * @typedef {object} Traffic
 * @property {() => number} delivered Messages that have arrived at clients until now.
 * @property {Promise<never>} failed Rejects when something is wrong with what arrives.
 * @property {() => void} stop
 */

/** @type {Workload[]} */
export const WORKLOADS = [
  {
    title: `echo: ${ECHO.connections} connections, ${ECHO.inFlight} messages of ${ECHO.bytes} B in flight on each`,
    async start(port) {
      const payload = 'x'.repeat(ECHO.bytes);
      const burst = repeated(clientFrame(payload), ECHO.inFlight);
      const traffic = await connectAll(port, ECHO.connections);
      for (const socket of traffic.sockets) {
        let missing = ECHO.inFlight;
        traffic.expect(socket, serverFrame(payload), (frames) => {
          missing -= frames;
          if (missing > 0) return;
          missing += ECHO.inFlight;
          socket.write(burst);
        });
        socket.write(burst);
      }
      return traffic;
    }
  },
  {
    title: `broadcast: ${BROADCAST.perRound} messages of ${BROADCAST.bytes} B at a time to ${BROADCAST.connections} clients`,
    async start(port) {
      const payload = '!'.padEnd(BROADCAST.bytes, 'x');
      const burst = repeated(clientFrame(payload), BROADCAST.perRound);
      const traffic = await connectAll(port, BROADCAST.connections);
      const [sender] = traffic.sockets;
      const perRound = BROADCAST.perRound * BROADCAST.connections;
      let missing = perRound;
      for (const socket of traffic.sockets) {
        traffic.expect(socket, serverFrame(payload), (frames) => {
          missing -= frames;
          if (missing > 0) return;
          missing = perRound;
          sender.write(burst);
        });
      }
      sender.write(burst);
      return traffic;
    }
  }
];

async function connectAll(port, connections) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  let fail;
  const failed = new Promise((_, reject) => (fail = reject));
  failed.catch(() => {});
  let delivered = 0;
  for (const socket of sockets) {
    socket.on('error', fail);
    socket.on('end', () => fail(new Error('the server has closed a connection')));
  }
  return {
    sockets,
    failed,
    delivered: () => delivered,
    expect(socket, frame, onFrames) {
      const count = (frames) => {
        delivered += frames;
        onFrames(frames);
      };
      expectFrames(socket, frame, count, fail);
    },
    stop: () => sockets.forEach((socket) => socket.destroy())
  };
}

function repeated(frame, times) {
  return Buffer.concat(Array(times).fill(frame));
}
