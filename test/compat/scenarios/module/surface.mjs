import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

/** The names of a prototype chain up to the first class of Node, with what a descriptor says. */
function membersOf(prototype) {
  const members = new Map();
  for (let object = prototype; !STOPS.has(object); object = Object.getPrototypeOf(object)) {
    for (const name of Object.getOwnPropertyNames(object)) {
      if (!name.startsWith('_') && !members.has(name)) {
        members.set(name, describe(Object.getOwnPropertyDescriptor(object, name)));
      }
    }
  }
  return members;
}

const STOPS = new Set([EventEmitter.prototype, Writable.prototype, Object.prototype]);

function describe({ value, get, set, enumerable, configurable, writable }) {
  const flags = { enumerable, configurable, writable };
  const raised = Object.keys(flags).filter((flag) => flags[flag]);
  const accessors = [get && 'get', set && 'set'].filter(Boolean);
  const what =
    typeof value === 'function' ? `${value.name}/${value.length}` : JSON.stringify(value);
  return `${accessors.join(' ') || what} (${raised.join(' ')})`;
}

/** The members that are API, of classes whose other members are nobody's business. */
const API = {
  Receiver: [],
  Sender: ['close', 'ping', 'pong', 'send', 'sendFrame'],
  PerMessageDeflate: ['accept', 'cleanup', 'compress', 'decompress', 'offer']
};

const CLASSES = ['WebSocket', 'WebSocketServer', ...Object.keys(API)];

const classes = CLASSES.map((name) => ({
  title: `${name}: members`,
  async run(ws, t) {
    const record = t.lane('surface');
    record(name, ws[name].name, ws[name].length, typeof ws[name]);
    const members = membersOf(ws[name].prototype);
    for (const member of API[name] ?? [...members.keys()].sort()) {
      record(member, members.get(member));
    }
    for (const constant of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED', 'frame', 'extensionName']) {
      const descriptor = Object.getOwnPropertyDescriptor(ws[name], constant);
      if (descriptor) record(`static ${constant}`, describe(descriptor));
    }
  },
  differs:
    name === 'WebSocket'
      ? [{ row: 'additions', ws: [], ferrows: ['flush "flush/0 (configurable writable)"'] }]
      : undefined
}));

export default [
  ...classes,
  {
    title: 'the CommonJS module',
    async run(ws, t) {
      const record = t.lane('module');
      record('typeof', typeof ws, ws === ws.WebSocket, ws.Server === ws.WebSocketServer);
      for (const key of Object.keys(ws)) record(key, typeof ws[key]);
      record('extension', Object.keys(ws.extension));
      record('subprotocol', Object.keys(ws.subprotocol));
      record('default', ws.default, ws.__esModule);
    },
    differs: [{ row: 'additions', ws: [], ferrows: ['backend "object"'] }]
  },
  {
    title: 'the ES module',
    async run(ws, t) {
      const record = t.lane('module');
      const module = await import(pathToFileURL(t.library.import));
      for (const key of Object.keys(module).sort()) record(key, module[key] === ws[key]);
      record('default', module.default === ws);
    },
    differs: [{ row: 'additions', ws: [], ferrows: ['backend true'] }]
  },
  {
    title: 'constants of WebSocket',
    async run(ws, t) {
      const record = t.lane('constants');
      const socket = new ws.WebSocket(null, undefined, {});
      for (const name of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']) {
        record(name, ws[name], ws.prototype[name], socket[name]);
        const value = ws[name];
        for (const object of [ws, ws.prototype, socket]) {
          const changed = Reflect.set(object, name, 9);
          record('set', changed);
          if (changed) Reflect.set(object, name, value);
        }
      }
    }
  },
  {
    title: 'what for…in finds in a WebSocket',
    async run(ws, t) {
      const record = t.lane('names');
      const names = [];
      for (const name in new ws.WebSocket(null, undefined, {})) names.push(name);
      const inherited = Object.keys(EventEmitter.prototype);
      for (const name of names.filter((one) => !one.startsWith('_') && !inherited.includes(one))) {
        record(name);
      }
      t.lanes.names.sort();
    }
  },
  {
    title: 'properties of a WebSocket that only have a getter',
    async run(ws, t) {
      const record = t.lane('getters');
      const socket = new ws.WebSocket(null, undefined, {});
      for (const name of [
        'bufferedAmount',
        'extensions',
        'isPaused',
        'protocol',
        'readyState',
        'url'
      ]) {
        t.attempt('getters', `set ${name}`, () => {
          socket[name] = 'other';
        });
        record(name, socket[name]);
      }
      for (const value of [
        'arraybuffer',
        'blob',
        'nodebuffer',
        'fragments',
        'Blob',
        null,
        undefined,
        1
      ]) {
        socket.binaryType = value;
        record('binaryType', socket.binaryType);
      }
    }
  },
  {
    title: 'classes called without new',
    async run(ws, t) {
      for (const name of CLASSES) t.attempt('call', name, () => ws[name]());
    }
  },
  {
    title: 'instances and their classes',
    async run(ws, t) {
      const record = t.lane('classes');
      const socket = new ws.WebSocket(null, undefined, {});
      record(
        'socket',
        socket instanceof ws,
        socket instanceof EventEmitter,
        socket.constructor === ws
      );
      record('tag', Object.prototype.toString.call(socket), String(socket));
      const server = new ws.Server({ noServer: true });
      record('server', server instanceof ws.WebSocketServer, server instanceof EventEmitter);
      record('tag', Object.prototype.toString.call(server), server.constructor.name);
      class Sub extends ws {}
      const sub = new Sub(null, undefined, {});
      record('sub', sub instanceof ws, sub instanceof Sub, sub.readyState, Sub.OPEN);
    }
  },
  {
    title: 'createWebSocketStream and the header parsers',
    async run(ws, t) {
      const record = t.lane('functions');
      for (const one of [
        ws.createWebSocketStream,
        ws.extension.parse,
        ws.extension.format,
        ws.subprotocol.parse,
        ws.Sender.frame
      ]) {
        record(one.name, one.length);
      }
    }
  }
];
