import WebSocket = require('./index.js');

export import AddressInfo = WebSocket.AddressInfo;
export import CertMeta = WebSocket.CertMeta;
export import ClientOptions = WebSocket.ClientOptions;
export import CloseEvent = WebSocket.CloseEvent;
export import Data = WebSocket.Data;
export import ErrorEvent = WebSocket.ErrorEvent;
export import Event = WebSocket.Event;
export import EventListenerOptions = WebSocket.EventListenerOptions;
export import FinishRequestCallback = WebSocket.FinishRequestCallback;
export import MessageEvent = WebSocket.MessageEvent;
export import PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions;
export import RawData = WebSocket.RawData;
export import ServerOptions = WebSocket.ServerOptions;
export import VerifyClientCallbackAsync = WebSocket.VerifyClientCallbackAsync;
export import VerifyClientCallbackSync = WebSocket.VerifyClientCallbackSync;

export import Extensions = WebSocket.Extensions;
export import FrameOptions = WebSocket.FrameOptions;
export import PerMessageDeflateParameters = WebSocket.PerMessageDeflateParameters;
export import ReceiverOptions = WebSocket.ReceiverOptions;

export import backend = WebSocket.backend;
export import createWebSocketStream = WebSocket.createWebSocketStream;
export import extension = WebSocket.extension;
export import PerMessageDeflate = WebSocket.PerMessageDeflate;
export import Receiver = WebSocket.Receiver;
export import Sender = WebSocket.Sender;
export import subprotocol = WebSocket.subprotocol;

import Server = WebSocket.Server;
// Only a type: the value is `WebSocketServer`.
export { type Server };

export const WebSocketServer: typeof WebSocket.Server;
export interface WebSocketServer extends WebSocket.Server {}

export default WebSocket;
export { WebSocket };
