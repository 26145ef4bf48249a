import { createWebSocketStream } from './api/create-websocket-stream.js';
import { Receiver } from './api/receiver.js';
import { Sender } from './api/sender.js';
import { WebSocketServer } from './api/websocket-server.js';
import { WebSocket } from './api/websocket.js';
import { PerMessageDeflate } from './endpoint/permessage-deflate.js';
import * as extensionHeader from './handshake/extension.js';
import * as subprotocolHeader from './handshake/subprotocol.js';
import { backend } from './select.js';

export = Object.assign(WebSocket, {
  backend,
  createWebSocketStream,
  extension: { format: extensionHeader.format, parse: extensionHeader.parse },
  PerMessageDeflate,
  Receiver,
  Sender,
  Server: WebSocketServer,
  subprotocol: { parse: subprotocolHeader.parse },
  WebSocket,
  WebSocketServer
});
