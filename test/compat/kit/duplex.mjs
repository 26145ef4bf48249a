// A WebSocket of the library under test over a Duplex held in the scenario's hand: every chunk in is
// chosen exactly, and every write out is seen as it was made.
import { Duplex } from 'node:stream';
import { frame, parse } from './frame.mjs';
import { showBytes } from './show.mjs';

/** The other end of `overDuplex`: takes what the library writes, or holds it back. */
export class Line extends Duplex {
  #record;
  #writes;
  #rest = Buffer.alloc(0);
  #held = null;
  /** While true, a write stays unfinished until `release`. */
  holding = false;

  /** Records the frames written; with `writes`, also which of them came in one call. */
  constructor(record, writes) {
    super();
    this.#record = record;
    this.#writes = writes;
  }

  _read() {}

  _write(chunk, encoding, callback) {
    this.#written([chunk], callback);
  }

  _writev(chunks, callback) {
    this.#written(
      chunks.map(({ chunk }) => chunk),
      callback
    );
  }

  _final(callback) {
    this.#record('end');
    callback();
  }

  _destroy(error, callback) {
    this.#record('destroy');
    callback(error);
  }

  /** Finishes the write that is held back. */
  release() {
    const callback = this.#held;
    this.#held = null;
    callback?.();
  }

  #written(chunks, callback) {
    const seen = [];
    this.#rest = Buffer.concat([this.#rest, ...chunks]);
    for (let found; !(found = parse(this.#rest)).needed; this.#rest = found.rest) {
      seen.push(`${found.name} ${showBytes(found.payload)}`);
    }
    if (this.#writes) this.#record('write', seen, this.#rest.length);
    else for (const one of seen) this.#record(one);
    if (this.holding) this.#held = callback;
    else callback();
  }
}

/**
 * A connected WebSocket in `role` with nothing under it but a `Line`. `line` says what that records:
 * 'frames', 'writes' (which frames came in one call, which coalescing changes) or 'nothing'.
 */
export function overDuplex(t, ws, role, settings = {}) {
  const {
    options = {},
    head = Buffer.alloc(0),
    setup,
    watch = true,
    line: records = 'frames'
  } = settings;
  const record = records === 'nothing' ? () => {} : t.lane('line');
  const line = new Line(record, records === 'writes');
  const socket = new ws.WebSocket(null, undefined, { closeTimeout: 30_000, ...options });
  t.defer(() => {
    socket.on('error', () => {});
    socket.terminate();
    line.destroy();
  });
  if (watch) t.watch(role, socket);
  setup?.(socket);
  socket._isServer = role === 'server';
  socket.setSocket(line, head, { maxPayload: 0, skipUTF8Validation: false, ...options });
  const mask = role === 'server';
  return {
    socket,
    line,
    record: t.lane(role),
    /** One chunk arrives. */
    push: (...pieces) => line.push(Buffer.concat(pieces)),
    frame: (opcode, payload, more) => frame(opcode, payload, { mask, ...more })
  };
}
