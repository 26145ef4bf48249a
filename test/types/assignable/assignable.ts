/** Each type of `@types/ws` beside the one of the same name here. */

import * as http from 'http';
import type TheirDefault from 'ws';
import type * as Theirs from 'ws';
import OurDefault, { WebSocketServer } from 'ferrows';
import type * as Ours from 'ferrows';

/** Fails to compile unless `From` can be given where `To` is asked for. */
type Gives<To, From extends To> = From;

/** What a library typed with `@types/ws` is given. */
export type Given = [
  Gives<TheirDefault, OurDefault>,
  Gives<Theirs.WebSocket, Ours.WebSocket>,
  Gives<typeof TheirDefault, typeof OurDefault>,
  Gives<typeof Theirs.WebSocket, typeof Ours.WebSocket>,
  Gives<Theirs.WebSocketServer, Ours.WebSocketServer>,
  Gives<Theirs.Server, Ours.Server>,
  Gives<typeof Theirs.createWebSocketStream, typeof Ours.createWebSocketStream>,
  Gives<TheirDefault.AddressInfo, OurDefault.AddressInfo>,
  Gives<TheirDefault.CertMeta, OurDefault.CertMeta>,
  Gives<TheirDefault.CloseEvent, OurDefault.CloseEvent>,
  Gives<TheirDefault.Data, OurDefault.Data>,
  Gives<TheirDefault.ErrorEvent, OurDefault.ErrorEvent>,
  Gives<TheirDefault.Event, OurDefault.Event>,
  Gives<TheirDefault.EventListenerOptions, OurDefault.EventListenerOptions>,
  Gives<TheirDefault.MessageEvent, OurDefault.MessageEvent>,
  Gives<TheirDefault.PerMessageDeflateOptions, OurDefault.PerMessageDeflateOptions>,
  Gives<TheirDefault.RawData, OurDefault.RawData>,
  Gives<TheirDefault.ServerOptions, OurDefault.ServerOptions>,
  Gives<TheirDefault.VerifyClientCallbackAsync, OurDefault.VerifyClientCallbackAsync>,
  Gives<TheirDefault.VerifyClientCallbackSync, OurDefault.VerifyClientCallbackSync>,
  Gives<TheirDefault.WebSocketEventMap, OurDefault.WebSocketEventMap>
];

/**
 * What code typed with `@types/ws` hands over. Not among it are a connection, which has no `flush`,
 * and what contains one.
 */
export type Taken = [
  Gives<OurDefault.AddressInfo, TheirDefault.AddressInfo>,
  Gives<OurDefault.CertMeta, TheirDefault.CertMeta>,
  Gives<OurDefault.ClientOptions, Omit<TheirDefault.ClientOptions, 'finishRequest'>>,
  Gives<OurDefault.FinishRequestCallback, TheirDefault.FinishRequestCallback>,
  Gives<OurDefault.ClientOptions, TheirDefault.ClientOptions>,
  Gives<OurDefault.Data, TheirDefault.Data>,
  Gives<OurDefault.EventListenerOptions, TheirDefault.EventListenerOptions>,
  Gives<OurDefault.PerMessageDeflateOptions, TheirDefault.PerMessageDeflateOptions>,
  Gives<OurDefault.RawData, TheirDefault.RawData>,
  Gives<OurDefault.ServerOptions, Omit<TheirDefault.ServerOptions, 'WebSocket'>>,
  Gives<OurDefault.VerifyClientCallbackAsync, TheirDefault.VerifyClientCallbackAsync>,
  Gives<OurDefault.VerifyClientCallbackSync, TheirDefault.VerifyClientCallbackSync>
];

/** Every member has the type it has there, but for those that take more. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Different<A, B> = {
  [K in keyof A & keyof B]: Same<A[K], B[K]> extends true ? never : K;
}[keyof A & keyof B];
type Wider = 'close' | 'ping' | 'pong';
/** They mention a connection, which is more here. */
type OfConnection =
  | 'onopen'
  | 'onerror'
  | 'onclose'
  | 'onmessage'
  | 'addEventListener'
  | 'removeEventListener'
  | keyof http.Agent;
type Unexpected = Exclude<Different<TheirDefault, OurDefault>, Wider | OfConnection>;
export const none: [Unexpected] extends [never] ? true : Unexpected = true;

/** No name is missing. */
export const complete: [Exclude<keyof typeof Theirs, keyof typeof Ours>] extends [never]
  ? true
  : false = true;

declare function accept(ws: Theirs.WebSocket, server: Theirs.WebSocketServer): void;
declare function register(options: { webSocketImpl: typeof TheirDefault }): void;
accept(new OurDefault('ws://example.org'), new WebSocketServer({ noServer: true }));
register({ webSocketImpl: OurDefault });
register({ webSocketImpl: class extends OurDefault {} });

declare const theirOptions: TheirDefault.ClientOptions;
declare const theirListener: (
  this: TheirDefault,
  data: TheirDefault.RawData,
  isBinary: boolean
) => void;
new OurDefault('ws://example.org', theirOptions).on('message', theirListener);
new WebSocketServer({ port: 0 }).on(
  'connection',
  (ws: TheirDefault, request: http.IncomingMessage) => [ws, request]
);
