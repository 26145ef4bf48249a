/** The part of the `EventTarget` interface that a browser's WebSocket is used by. */

import type { EventEmitter } from 'node:events';
import { CloseEvent, ErrorEvent, Event, MessageEvent, kTarget } from './events.js';

/** What the dispatcher needs of a `WebSocket`. */
interface Target extends EventEmitter {
  _closeFrameReceived: boolean;
  _closeFrameSent: boolean;
}

type Handler = ((this: unknown, event: Event) => unknown) | { handleEvent(event: Event): unknown };

/** A listener of the emitter that calls `[kHandler]` with an event object. */
interface Dispatcher {
  (this: Target, first: any, second: any): void;
  [kHandler]: Handler;
  /** Whether it belongs to the `on` attribute of its type. */
  [kAttribute]: boolean;
}

const kHandler = Symbol('kHandler');
const kAttribute = Symbol('kAttribute');

/** Makes the event object from the arguments that the emitter passes; no other types exist. */
const EVENTS: Record<string, (target: Target, first: any, second: any) => Event> = {
  open: () => new Event('open'),
  error: (_target, error: Error) => new ErrorEvent('error', { error, message: error.message }),
  close: (target, code: number, reason: Buffer) =>
    new CloseEvent('close', {
      code,
      reason: reason.toString(),
      wasClean: target._closeFrameReceived && target._closeFrameSent
    }),
  message: (_target, data: unknown, isBinary: boolean) =>
    new MessageEvent('message', { data: isBinary ? data : (data as Buffer).toString() })
};

/**
 * Adds `addEventListener`, `removeEventListener` and the attributes `onopen`, `onerror`, `onclose` and
 * `onmessage` to the prototype of an `EventEmitter`.
 */
export function installEventTarget(prototype: object): void {
  for (const type of Object.keys(EVENTS)) {
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get(this: Target) {
        return attributeDispatcher(this, type)?.[kHandler] ?? null;
      },
      set(this: Target, handler: unknown) {
        const previous = attributeDispatcher(this, type);
        if (previous) this.removeListener(type, previous);
        if (typeof handler === 'function') {
          this.on(type, dispatcher(type, handler as Handler, true));
        }
      }
    });
  }

  Object.assign(prototype, { addEventListener, removeEventListener });
}

/** Adds `handler` unless it is there already; other types than the four are ignored. */
function addEventListener(
  this: Target,
  type: string,
  handler: Handler,
  options: { once?: boolean } = {}
): void {
  if (!Object.hasOwn(EVENTS, type) || addedDispatcher(this, type, handler)) return;

  const listener = dispatcher(type, handler, false);
  if (options.once) this.once(type, listener);
  else this.on(type, listener);
}

function removeEventListener(this: Target, type: string, handler: Handler): void {
  const listener = addedDispatcher(this, type, handler);
  if (listener) this.removeListener(type, listener);
}

function dispatcher(type: string, handler: Handler, isAttribute: boolean): Dispatcher {
  const createEvent = EVENTS[type];

  function dispatch(this: Target, first: unknown, second: unknown): void {
    const event = createEvent(this, first, second);
    event[kTarget] = this;

    if (typeof handler === 'object' && handler.handleEvent) handler.handleEvent(event);
    else (handler as Function).call(this, event);
  }

  return Object.assign(dispatch, { [kHandler]: handler, [kAttribute]: isAttribute });
}

function attributeDispatcher(target: Target, type: string): Dispatcher | undefined {
  return dispatchers(target, type).find((listener) => listener[kAttribute]);
}

function addedDispatcher(target: Target, type: string, handler: Handler): Dispatcher | undefined {
  return dispatchers(target, type).find(
    (listener) => listener[kHandler] === handler && !listener[kAttribute]
  );
}

/** All listeners of `type`; those added to the emitter directly have neither symbol. */
function dispatchers(target: Target, type: string): Dispatcher[] {
  return target.listeners(type) as Dispatcher[];
}
