/**
 * The clients of the demo: bare sockets that send frames made beforehand and compare every byte that
 * comes back, so that they cost little and are the same for whichever server they talk to.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * Opens a connection and returns its socket when the opening handshake is done.
 *
 * @param {number} port
 * @returns {Promise<import('node:net').Socket>}
 */
export async function open(port) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay();
  socket.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`
  );
  const [response] = await once(socket, 'data');
  if (!/^HTTP\/1\.1 101 [^]*\r\n\r\n$/.test(response.toString('latin1'))) {
    throw new Error(`no WebSocket server: ${response}`);
  }
  return socket;
}

/** A masked text frame of a client (RFC 6455 §5.2) with a payload of less than 65536 bytes. */
export function clientFrame(payload) {
  const key = randomBytes(4);
  const masked = Buffer.from(payload);
  for (let i = 0; i < masked.length; i++) masked[i] ^= key[i & 3];
  return Buffer.concat([header(payload.length, 0x80), key, masked]);
}

/** The frame in which a server sends the same payload. */
export function serverFrame(payload) {
  return Buffer.concat([header(payload.length, 0), Buffer.from(payload)]);
}

/**
 * Calls `onFrames(n)` whenever `n` further frames have arrived on `socket`; every byte has to be that
 * of `frame` over and over again, otherwise `onError` is called.
 */
export function expectFrames(socket, frame, onFrames, onError) {
  const pattern = Buffer.concat(Array(Math.ceil((128 * 1024) / frame.length)).fill(frame));
  let at = 0;
  socket.on('data', (chunk) => {
    if (!chunk.equals(pattern.subarray(at, at + chunk.length))) {
      onError(new Error('the server sent something else than what it was sent'));
      return;
    }
    const frames = Math.floor((at + chunk.length) / frame.length);
    at = (at + chunk.length) % frame.length;
    if (frames > 0) onFrames(frames);
  });
}

function header(length, mask) {
  const long = length > 125;
  const bytes = Buffer.alloc(long ? 4 : 2);
  bytes[0] = 0x81;
  bytes[1] = mask | (long ? 126 : length);
  if (long) bytes.writeUInt16BE(length, 2);
  return bytes;
}
