import { createWebSocketStream } from './api/create-websocket-stream.js';
import { Receiver } from './api/receiver.js';
import { Sender } from './api/sender.js';
import { WebSocketServer } from './api/websocket-server.js';
import { WebSocket } from './api/websocket.js';
import { PerMessageDeflate } from './endpoint/permessage-deflate.js';
import * as extensionHeader from './handshake/extension.js';
import * as subprotocolHeader from './handshake/subprotocol.js';
import { backend } from './select.js';

// The names of `parse` and `format` are seen by users: methods keep theirs whatever a bundler does.
export = Object.assign(WebSocket, {
  backend,
  createWebSocketStream,
  extension: {
    format(extensions: Parameters<typeof extensionHeader.format>[0]) {
      return extensionHeader.format(extensions);
    },
    parse(header: string) {
      return extensionHeader.parse(header);
    }
  },
  PerMessageDeflate,
  Receiver,
  Sender,
  Server: WebSocketServer,
  subprotocol: {
    parse(header: string) {
      return subprotocolHeader.parse(header);
    }
  },
  WebSocket,
  WebSocketServer
});
