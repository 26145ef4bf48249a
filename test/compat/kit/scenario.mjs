// One run of one scenario on one library: what it records, waits for and cleans up afterwards.
import { connect, pair } from './connect.mjs';
import { show } from './show.mjs';

const SOCKET_EVENTS = ['open', 'upgrade', 'message', 'ping', 'pong', 'error', 'close'];
const SERVER_EVENTS = ['listening', 'connection', 'error', 'close'];
const DETAILS = {
  upgrade: (response) => [response.statusCode],
  connection: (socket, request) => [request.url, socket.readyState]
};

/**
 * The second argument of every scenario. Each party has a lane of its own: order within a lane is
 * part of the transcript; order between lanes is a matter of the network and is not.
 */
export class Scenario {
  /** The library under test: `{ require, import }`, absolute paths. */
  library;
  lanes = Object.create(null);
  #ws;
  #cleanups = [];
  #hidden = new Map();
  #waiting = new Set();
  #over = false;

  constructor(library, ws) {
    this.library = library;
    this.#ws = ws;
  }

  /** A function that records `label` and the values after it as the next line of lane `name`. */
  lane(name) {
    const lines = (this.lanes[name] ??= []);
    return (label, ...values) => {
      if (this.#over) return;
      let line = [label, ...values.map(show)].join(' ');
      for (const [text, token] of this.#hidden) line = line.replaceAll(text, token);
      lines.push(line);
    };
  }

  /** Records every event of a WebSocket with its arguments and the readyState. */
  watch(name, socket, events = SOCKET_EVENTS) {
    const record = this.lane(name);
    for (const event of events) {
      socket.on(event, (...values) => {
        record(event, ...(DETAILS[event]?.(...values) ?? values), `@${socket.readyState}`);
      });
    }
    return record;
  }

  /** Records every event of a WebSocketServer with its arguments. */
  watchServer(name, server, events = SERVER_EVENTS) {
    const record = this.lane(name);
    for (const event of events) {
      server.on(event, (...values) => record(event, ...(DETAILS[event]?.(...values) ?? values)));
    }
    return record;
  }

  /** Calls `action` and records what it returned or threw. */
  attempt(name, label, action) {
    const record = this.lane(name);
    try {
      const value = action();
      record(`${label} returned`, value);
      return value;
    } catch (error) {
      record(`${label} threw`, error);
      return undefined;
    }
  }

  /** Resolves with the arguments of the next `event`; 'error' has no special meaning. */
  event(emitter, event) {
    return this.wait(
      `'${event}'`,
      new Promise((resolve) => emitter.once(event, (...v) => resolve(v)))
    );
  }

  /** Resolves with the arguments of the next `count` of them, which may come in one turn. */
  events(emitter, event, count) {
    const seen = [];
    const enough = new Promise((resolve) => {
      emitter.on(event, function listener(...values) {
        if (seen.push(values) < count) return;
        emitter.removeListener(event, listener);
        resolve(seen);
      });
    });
    return this.wait(`${count} times '${event}'`, enough);
  }

  /** `promise`, named in the report should the scenario time out before it resolves. */
  async wait(label, promise) {
    this.#waiting.add(label);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(label);
    }
  }

  get waitingFor() {
    return [...this.#waiting].join(', ') || 'something unnamed';
  }

  /** Lets everything that is on its way in this process happen: some turns of the event loop. */
  async settle(turns = 20) {
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Records `text` as `token` from now on. */
  hide(text, token) {
    this.#hidden.set(String(text), token);
  }

  /** Runs `cleanup` after the scenario, last one first. */
  defer(cleanup) {
    this.#cleanups.push(cleanup);
  }

  async dispose() {
    this.#over = true;
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
    await this.settle(4);
  }

  /** See connect.mjs. */
  connect(role, options) {
    return connect(this, this.#ws, role, options);
  }

  /** See connect.mjs. */
  pair(options) {
    return pair(this, this.#ws, options);
  }
}

/**
 * The same scenario for either role of the library under test. `differs(role)` are the intended
 * differences, see scenarios.mjs.
 */
export function inBothRoles(title, run, differs) {
  return ['server', 'client'].map((role) => ({
    title: `${role}: ${title}`,
    run: (ws, t) => run(ws, t, role),
    differs: differs?.(role)
  }));
}
