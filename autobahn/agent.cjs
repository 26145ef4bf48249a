'use strict';

const { Socket } = require('node:net');

/**
 * What both agents share: the library under test, from the environment variable AUTOBAHN_LIBRARY
 * (a name or path that `require` takes), and the options the suite needs. AUTOBAHN_BACKEND names the
 * endpoint and transport that the library must have chosen, as `endpoint/transport`; AUTOBAHN_TRANSPORT
 * is the option of that name.
 */

const library = require(process.env.AUTOBAHN_LIBRARY ?? '../dist/index.js');

const wanted = process.env.AUTOBAHN_BACKEND;
if (wanted) {
  const { endpoint, transport } = library.backend ?? {};
  if (`${endpoint}/${transport}` !== wanted) {
    console.error(`asked for ${wanted}, but the library runs on ${endpoint}/${transport}`);
    process.exit(1);
  }
}

exports.library = library;

const transport = process.env.AUTOBAHN_TRANSPORT;

/** Section 9 sends messages in up to 65536 fragments, more than the default limits allow. */
exports.options = {
  perMessageDeflate: true,
  maxPayload: 1024 ** 3,
  maxFragments: 0,
  maxBufferedChunks: 0,
  ...(transport && { transport })
};

/** Echoes every message with its type. Protocol violations are what the suite sends. */
exports.echo = (ws) => {
  if (ws.readyState === ws.OPEN) checkTransport(ws);
  else ws.on('open', () => checkTransport(ws));
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('error', () => {});
};

/** A lean connection is none of Node's sockets. */
function checkTransport(ws) {
  if (transport !== 'lean' || !(ws._socket instanceof Socket)) return;
  console.error('asked for a lean connection, but it is carried by a socket of Node.js');
  process.exit(1);
}
