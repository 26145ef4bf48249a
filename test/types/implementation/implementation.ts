/** The implementation beside what is declared to the public. */

import { EventEmitter } from 'events';
import implementation = require('../../../src/index.js');
import declared = require('ferrows');
import type * as handshake from '../../../src/handshake/options.js';

type Implementation = typeof implementation;
type Declared = typeof declared;
type Instance<Class extends keyof Implementation & keyof Declared> = [
  declared: InstanceOf<Declared[Class]>,
  implementation: InstanceOf<Implementation[Class]>
];
type InstanceOf<Class> = Class extends abstract new (...args: never) => infer Of ? Of : never;

/** Compiles for `never` only, and otherwise names what is there. */
type None<Keys extends never> = Keys;

type Missing<Pair extends [unknown, unknown]> = Exclude<keyof Pair[0], keyof Pair[1]>;
/** Members that cannot be used as declared. */
type Different<Pair extends [unknown, unknown]> = {
  [K in keyof Pair[0] & keyof Pair[1]]: Pair[1][K] extends Pair[0][K] ? never : K;
}[keyof Pair[0] & keyof Pair[1]];

/** Defined on the prototype while the module is loaded; asserted where it is loaded. */
type Installed =
  | 'CONNECTING'
  | 'OPEN'
  | 'CLOSING'
  | 'CLOSED'
  | 'onopen'
  | 'onmessage'
  | 'onclose'
  | 'onerror'
  | 'addEventListener'
  | 'removeEventListener';

/** EventEmitter's own: they return `this`, which TypeScript knows without what is installed. */
type Inherited = keyof EventEmitter;

export type WebSocketHasEveryMember = None<Exclude<Missing<Instance<'WebSocket'>>, Installed>>;
export type WebSocketMembersFit = None<
  Exclude<Different<Instance<'WebSocket'>>, Inherited | DeclaredAsInTypesWs>
>;

/**
 * Declared as `@types/ws` does so that programs go on compiling: a state that is a number here,
 * callbacks without the null that they may get, reading a `binaryType` that may be 'blob'.
 */
type DeclaredAsInTypesWs = 'binaryType' | 'ping' | 'pong' | 'readyState' | 'send';

export type ServerHasEveryMember = None<
  // Declared by `@types/ws` and never set by ws.
  Exclude<Missing<Instance<'WebSocketServer'>>, 'path'>
>;
export type ServerMembersFit = None<
  // Of classes that the implementation does not need to know.
  Exclude<
    Different<Instance<'WebSocketServer'>>,
    Inherited | 'clients' | 'options' | 'handleUpgrade'
  >
>;

export type OthersHaveEveryMember = [
  None<Missing<Instance<'Receiver'>>>,
  None<Missing<Instance<'Sender'>>>,
  None<Missing<Instance<'PerMessageDeflate'>>>,
  None<Missing<[Declared, Implementation]>>
];
export type OthersFit = [
  None<Different<Instance<'Receiver'>>>,
  None<Different<Instance<'Sender'>>>,
  None<Different<Instance<'PerMessageDeflate'>>>,
  None<Different<[Pick<Declared, Plain>, Pick<Implementation, Plain>]>>
];
type Plain = 'backend' | 'extension' | 'subprotocol' | 'CONNECTING' | 'OPEN' | 'CLOSING' | 'CLOSED';

export type EveryOptionIsKnown = [
  None<Exclude<keyof declared.ServerOptions, keyof handshake.ServerOptions>>,
  None<
    Exclude<
      keyof declared.ClientOptions,
      // Handed on to tls.connect as they are.
      keyof handshake.ClientOptions | keyof import('tls').ConnectionOptions
    >
  >
];
export type EveryOptionIsDeclared = [
  None<Exclude<keyof handshake.ServerOptions, keyof declared.ServerOptions>>,
  None<Exclude<keyof handshake.ConnectionOptions, keyof declared.ClientOptions>>
];
