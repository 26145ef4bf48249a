import Default, {
  WebSocket,
  WebSocketServer,
  createWebSocketStream,
  type AddressInfo,
  type CertMeta,
  type ClientOptions,
  type CloseEvent,
  type Data,
  type ErrorEvent,
  type Event,
  type EventListenerOptions,
  type FinishRequestCallback,
  type MessageEvent,
  type PerMessageDeflateOptions,
  type RawData,
  type Server,
  type ServerOptions,
  type VerifyClientCallbackAsync,
  type VerifyClientCallbackSync
} from 'ws';
import { Duplex } from 'stream';

const same: [typeof Default, typeof WebSocket] = [WebSocket, Default];
const one: Default = new WebSocket('ws://example.org');
const other: WebSocket = new Default('ws://example.org');
const server: WebSocketServer = new WebSocketServer({ port: 0 });
const asServer: Server = server;

const stream: Duplex = createWebSocketStream(one);
createWebSocketStream(other, { encoding: 'utf8', decodeStrings: false, allowHalfOpen: true });
stream.pipe(process.stdout);

interface All {
  address: AddressInfo;
  cert: CertMeta;
  client: ClientOptions;
  close: CloseEvent;
  data: Data;
  error: ErrorEvent;
  event: Event;
  listener: EventListenerOptions;
  finish: FinishRequestCallback;
  message: MessageEvent;
  deflate: PerMessageDeflateOptions;
  raw: RawData;
  options: ServerOptions;
  verify: VerifyClientCallbackAsync | VerifyClientCallbackSync;
}
type Namespaced =
  | Default.AddressInfo
  | Default.CertMeta
  | Default.ClientOptions
  | Default.CloseEvent
  | Default.Data
  | Default.ErrorEvent
  | Default.Event
  | Default.EventListenerOptions
  | Default.FinishRequestCallback
  | Default.MessageEvent
  | Default.PerMessageDeflateOptions
  | Default.RawData
  | Default.ServerOptions
  | Default.VerifyClientCallbackAsync
  | Default.VerifyClientCallbackSync
  | Default.WebSocketEventMap;

const handlers: {
  [K in keyof Default.WebSocketEventMap]?: (event: Default.WebSocketEventMap[K]) => void;
} = {
  message: ({ data }) => data,
  close: ({ code }) => code
};
const finish: FinishRequestCallback = (request, websocket) => {
  request.setHeader('x', websocket.url);
  request.end();
};
const text = (data: RawData): string =>
  Array.isArray(data)
    ? Buffer.concat(data).toString()
    : data instanceof ArrayBuffer
      ? Buffer.from(data).toString()
      : data.toString();

export { asServer, finish, handlers, same, text, type All, type Namespaced };
