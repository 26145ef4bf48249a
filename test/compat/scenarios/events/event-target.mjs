import { BINARY, RSV2, TEXT } from '../../kit/frame.mjs';
import { inBothRoles } from '../../kit/scenario.mjs';

/** Everything an event object shows. */
function showEvent(record, label, event, target) {
  const names = [];
  for (const name in event) names.push(name);
  record(label, event.constructor.name, event.type, event.target === target);
  record('  enumerable', names);
  record('  own keys', Object.keys(event));
  for (const name of ['data', 'code', 'reason', 'wasClean', 'error', 'message']) {
    if (name in event) record(`  ${name}`, event[name]);
  }
}

const TYPES = ['open', 'message', 'close', 'error'];

const attributes = inBothRoles('the on… attributes', async (ws, t, role) => {
  const { socket, peer, record } = await t.connect(role, {
    watch: false,
    setup(socket) {
      for (const type of TYPES) {
        socket[`on${type}`] = function (event) {
          showEvent(t.lane(role), `on${type}`, event, socket);
          t.lane(role)('  this', this === socket);
        };
      }
    }
  });
  const text = t.event(socket, 'message');
  peer.text('zwölf');
  await text;
  const binary = t.event(socket, 'message');
  peer.binary('binary');
  await binary;
  socket.binaryType = 'arraybuffer';
  const arrayBuffer = t.event(socket, 'message');
  peer.binary('array buffer');
  await arrayBuffer;
  peer.send(TEXT, '', { rsv: RSV2 });
  await t.event(socket, 'close');
  record('done');
});

const clean = inBothRoles('a clean close in attributes', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, { watch: false });
  socket.onclose = (event) => showEvent(t.lane(role), 'close', event, socket);
  socket.onmessage = (event) => showEvent(t.lane(role), 'message', event, socket);
  peer.write(peer.frame(TEXT, ''), peer.frame(BINARY, ''));
  peer.close(1000, 'ädieu');
  await peer.next();
  if (role === 'client') peer.end();
  await t.event(socket, 'close');
});

const listeners = inBothRoles('addEventListener() for every type', async (ws, t, role) => {
  const { socket, peer } = await t.connect(role, {
    watch: false,
    setup(socket) {
      for (const type of [...TYPES, 'ping', 'pong', 'upgrade', 'bogus']) {
        const handler = function (event) {
          showEvent(t.lane(role), `listener of ${type}`, event, socket);
          t.lane(role)('  this', this === socket);
        };
        t.attempt(role, `add ${type}`, () => socket.addEventListener(type, handler));
        t.lane(role)('count', socket.listenerCount(type));
      }
    }
  });
  peer.write(peer.frame(TEXT, 'text'), peer.frame(0x9, 'ping'), peer.frame(0xa, 'pong'));
  peer.send(TEXT, Buffer.from([0xff]));
  await t.event(socket, 'close');
});

/** What is done with listeners of a WebSocket that is not connected, emitting by hand. */
function unconnected(title, run) {
  return {
    title,
    async run(ws, t) {
      const socket = new ws.WebSocket(null, undefined, {});
      await run(socket, t.lane('socket'), ws, t);
    }
  };
}

/** What the engine says about a bad listener names variables of the library, so only the class counts. */
function attempt(record, label, action) {
  try {
    record(label, action());
  } catch (error) {
    record(`${label} threw`, error.name);
  }
}

const emit = (socket, text) => socket.emit('message', Buffer.from(text), false);

const offline = [
  unconnected('a handleEvent object as listener', async (socket, record) => {
    const object = {
      handleEvent(event) {
        record('handleEvent', this === object, event.type, event.data);
      }
    };
    socket.addEventListener('message', object);
    socket.addEventListener('message', object);
    record('count', socket.listenerCount('message'));
    emit(socket, 'one');
    socket.removeEventListener('message', object);
    record('count', socket.listenerCount('message'));
  }),
  unconnected('a handleEvent set later or missing', async (socket, record) => {
    const object = {};
    socket.addEventListener('message', object);
    attempt(record, 'emit', () => emit(socket, 'one'));
    object.handleEvent = (event) => record('handleEvent', event.data);
    attempt(record, 'emit', () => emit(socket, 'two'));
  }),
  unconnected('listeners that are no functions', async (socket, record, ws, t) => {
    for (const handler of [null, undefined, 'string', 5]) {
      attempt(record, `add ${handler}`, () => socket.addEventListener('message', handler));
      record('count', socket.listenerCount('message'));
      attempt(record, 'emit', () => emit(socket, 'x'));
      socket.removeAllListeners();
    }
  }),
  unconnected('the same listener added twice', async (socket, record) => {
    const listener = (event) => record('called', event.data);
    socket.addEventListener('message', listener);
    socket.addEventListener('message', listener, { once: true });
    record('count', socket.listenerCount('message'));
    emit(socket, 'one');
    emit(socket, 'two');
    socket.removeEventListener('message', listener);
    record('count', socket.listenerCount('message'));
    emit(socket, 'three');
  }),
  unconnected('a listener once', async (socket, record) => {
    socket.addEventListener('message', (event) => record('called', event.data), { once: true });
    emit(socket, 'one');
    emit(socket, 'two');
    record('count', socket.listenerCount('message'));
  }),
  unconnected('a listener once, removed before', async (socket, record) => {
    const listener = () => record('called');
    socket.addEventListener('message', listener, { once: true });
    socket.removeEventListener('message', listener);
    emit(socket, 'one');
    record('count', socket.listenerCount('message'));
  }),
  unconnected('addEventListener() with other options', async (socket, record, ws, t) => {
    for (const options of [{}, { once: false }, { passive: true }, true, false, null, undefined]) {
      attempt(record, 'add', () => socket.addEventListener('message', () => {}, options));
    }
    record('count', socket.listenerCount('message'));
  }),
  unconnected('removeEventListener() of what was never added', async (socket, record, ws, t) => {
    const listener = () => record('called');
    socket.on('message', listener);
    t.attempt('socket', 'remove', () => socket.removeEventListener('message', listener));
    t.attempt('socket', 'remove', () => socket.removeEventListener('bogus', listener));
    t.attempt('socket', 'remove', () => socket.removeEventListener('message', undefined));
    record('count', socket.listenerCount('message'));
  }),
  unconnected('an attribute and a listener of the same function', async (socket, record) => {
    const listener = (event) => record('called', event.data);
    socket.onmessage = listener;
    socket.addEventListener('message', listener);
    record('count', socket.listenerCount('message'));
    emit(socket, 'one');
    socket.removeEventListener('message', listener);
    record('count', socket.listenerCount('message'), socket.onmessage === listener);
    socket.removeEventListener('message', listener);
    record('count', socket.listenerCount('message'), socket.onmessage === listener);
    socket.onmessage = null;
    record('count', socket.listenerCount('message'), socket.onmessage);
  }),
  unconnected('attributes set, read and replaced', async (socket, record) => {
    for (const type of ['open', 'message', 'close', 'error']) {
      const name = `on${type}`;
      record(name, socket[name]);
      socket[name] = function first() {};
      record(name, socket[name], socket.listenerCount(type));
      socket[name] = function second() {};
      record(name, socket[name], socket.listenerCount(type));
      for (const value of ['string', {}, { handleEvent() {} }, 5, undefined, null]) {
        socket[name] = value;
        record(name, socket[name], socket.listenerCount(type));
      }
    }
  }),
  unconnected('an attribute keeps no place in the order', async (socket, record) => {
    socket.onmessage = () => record('attribute 1');
    socket.addEventListener('message', () => record('listener'));
    socket.on('message', () => record('plain'));
    emit(socket, 'x');
    socket.onmessage = () => record('attribute 2');
    emit(socket, 'x');
  }),
  unconnected('listeners() and rawListeners() of wrapped listeners', async (socket, record) => {
    const listener = () => {};
    socket.addEventListener('message', listener);
    socket.onmessage = listener;
    record(
      'listeners',
      socket.listeners('message').map((one) => one === listener)
    );
    record(
      'raw',
      socket.rawListeners('message').map((one) => typeof one)
    );
    record('names', socket.eventNames());
    socket.addEventListener('open', listener);
    socket.addEventListener('close', listener);
    socket.addEventListener('error', listener);
    for (const name of socket.eventNames()) record(name, socket.listeners(name).length);
  }),
  unconnected('data of message events emitted by hand', async (socket, record, ws, t) => {
    socket.onmessage = (event) => record('data', event.data);
    socket.onclose = (event) => record('close', event.code, event.reason, event.wasClean);
    socket.onerror = (event) => record('error', event.message, event.error);
    socket.emit('message', Buffer.from('text'), false);
    socket.emit('message', Buffer.from('binary'), true);
    socket.emit('message', [Buffer.from('a')], true);
    socket.emit('message', 'already a string', false);
    attempt(record, 'emit', () => socket.emit('message', undefined, false));
    socket.emit('close', 1000, Buffer.from('reason'));
    socket.emit('close', 1000, 'string');
    socket.emit('error', new RangeError('bad'));
    t.attempt('socket', 'emit', () => socket.emit('error', 'not an error'));
  }),
  unconnected('an event listener that throws', async (socket, record, ws, t) => {
    socket.onmessage = () => {
      throw new Error('from onmessage');
    };
    socket.addEventListener('message', () => record('second'));
    t.attempt('socket', 'emit', () => emit(socket, 'x'));
  }),
  unconnected('properties of event objects are read-only', async (socket, record, ws, t) => {
    socket.onmessage = (event) => {
      t.attempt('socket', 'set data', () => {
        'use strict';
        event.data = 'other';
      });
      t.attempt('socket', 'set type', () => {
        event.type = 'other';
      });
      event.extra = 1;
      record('event', event.data, event.type, event.extra);
    };
    emit(socket, 'x');
  }),
  unconnected('setMaxListeners and the warning', async (socket, record, ws, t) => {
    for (let i = 0; i < 11; i++) socket.addEventListener('message', () => {});
    await t.settle();
    record('count', socket.listenerCount('message'));
  })
];

export default [...attributes, ...clean, ...listeners, ...offline];
