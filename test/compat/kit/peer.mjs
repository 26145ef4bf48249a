// The raw other end of a connection: it sends bytes made by hand and records what it is sent.
import { inflateRawSync } from 'node:zlib';
import * as frames from './frame.mjs';
import { showBytes } from './show.mjs';

/** A peer over a socket whose opening handshake is over. It keeps its side open until told. */
export class Peer {
  #chunks = [];
  #size = 0;
  #needed = 0;
  #received = [];
  #wanted = [];
  #record;
  #ended;
  #closed;
  #t;

  /**
   * `masks` says whether this peer is a client. `context` holds whether messages are compressed with
   * context takeover. `answersFin` ends its own side when the library has ended its.
   */
  constructor(t, socket, { masks, lane = 'wire', rest, answersFin = true, deflate = false }) {
    this.#t = t;
    this.#record = t.lane(lane);
    this.socket = socket;
    this.masks = masks;
    this.deflate = deflate;

    this.#ended = new Promise((resolve) => socket.once('end', resolve));
    this.#closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('end', () => {
      this.#record('FIN');
      if (answersFin) socket.end();
    });
    socket.on('error', (error) => this.#record(error.code === 'EPIPE' ? 'gone' : error.code));
    if (rest?.length) this.#take(rest);
    socket.resume();
  }

  /** Resolves when the library has ended its side. */
  get ended() {
    return this.#t.wait('FIN at the peer', this.#ended);
  }

  /** Resolves when nothing is left of the connection, however it ended. */
  get closed() {
    return this.#t.wait("the peer's socket to close", this.#closed);
  }

  /** The bytes of a frame in this peer's role. */
  frame(opcode, payload, options = {}) {
    return frames.frame(opcode, payload, { mask: this.masks, ...options });
  }

  /** Sends the pieces as one write. */
  write(...pieces) {
    this.socket.write(Buffer.concat(pieces));
  }

  send(opcode, payload, options) {
    this.write(this.frame(opcode, payload, options));
  }

  text(payload, options) {
    this.send(frames.TEXT, payload, options);
  }

  binary(payload, options) {
    this.send(frames.BINARY, payload, options);
  }

  close(code, reason) {
    this.send(frames.CLOSE, code === undefined ? '' : frames.closePayload(code, reason));
  }

  end() {
    this.socket.end();
  }

  destroy() {
    this.socket.destroy();
  }

  /** Resets the connection (RST) instead of ending it. */
  reset() {
    this.socket.resetAndDestroy();
  }

  /** Resolves with the next frame that nobody has taken yet. */
  next() {
    if (this.#received.length) return Promise.resolve(this.#received.shift());
    return this.#t.wait('a frame', new Promise((resolve) => this.#wanted.push(resolve)));
  }

  /** Takes and resolves with the next `count` frames. */
  async take(count) {
    const taken = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  #take(chunk) {
    this.#size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#size < this.#needed) return;
    let rest = Buffer.concat(this.#chunks);
    let frame;
    while (!(frame = frames.parse(rest)).needed) {
      rest = frame.rest;
      this.#recordFrame(frame);
      const wanted = this.#wanted.shift();
      if (wanted) wanted(frame);
      else this.#received.push(frame);
    }
    this.#chunks = [rest];
    this.#size = rest.length;
    this.#needed = frame.needed;
  }

  // Two deflate implementations may make different bytes of the same message, so a compressed one is
  // recorded by what it holds, any other one with its header as it is on the wire.
  #recordFrame(frame) {
    if (this.deflate && frame.opcode < frames.CLOSE && (frame.rsv1 || this.compressing)) {
      this.compressing = !frame.fin;
      const flags = `${frame.fin ? '' : ' more'}${frame.rsv1 ? ' rsv1' : ''}`;
      this.#record(`compressed ${frame.name}${flags}${frame.mask ? ' masked' : ''}`);
      this.#collect(frame);
      return;
    }
    const text =
      frame.opcode === frames.CLOSE ? showClose(frame.payload) : showBytes(frame.payload);
    this.#record(`${frame.name} [${frame.header.toString('hex')}] ${text}`);
  }

  #collected = [];
  #history = Buffer.alloc(0);

  #collect(frame) {
    this.#collected.push(frame.payload);
    if (!frame.fin) return;
    const data = Buffer.concat([...this.#collected, Buffer.from('0000ffff', 'hex')]);
    this.#collected = [];
    const options = { finishFlush: 2 /* Z_SYNC_FLUSH */ };
    if (this.deflate === 'context' && this.#history.length) options.dictionary = this.#history;
    const message = inflateRawSync(data, options);
    this.#history = Buffer.concat([this.#history, message]).subarray(-32768);
    this.#record('  holds', message);
  }
}

function showClose(payload) {
  if (payload.length < 2) return showBytes(payload);
  const reason = payload.length > 2 ? ` ${showBytes(payload.subarray(2))}` : '';
  return `${payload.readUInt16BE(0)}${reason}`;
}
