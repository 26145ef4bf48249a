/**
 * Negotiation of the permessage-deflate extension (RFC 7692 §5 and §7.1) as functions of the options
 * and of the parsed `Sec-WebSocket-Extensions` entries.
 */

import type { ZlibOptions } from 'node:zlib';
import type { DeflateParameters } from './contract.js';

export interface PerMessageDeflateOptions {
  serverNoContextTakeover?: boolean;
  clientNoContextTakeover?: boolean;
  serverMaxWindowBits?: number | boolean;
  clientMaxWindowBits?: number | boolean;
  zlibDeflateOptions?: ZlibOptions;
  zlibInflateOptions?: ZlibOptions;
  /** Messages below this many bytes are sent uncompressed when context takeover is off. */
  threshold?: number;
  /** How many compressions and decompressions may run at the same time in this process. */
  concurrencyLimit?: number;
  /**
   * Milliseconds after which a connection gives up its compressor, and with it what later messages
   * could refer back to; 0 means never. The native endpoint only; 5000 by default.
   */
  idleTimeout?: number;
  isServer?: boolean;
  /** Limit of an inflated message in bytes; 0 means none. */
  maxPayload?: number;
}

/** One entry for the extension as the header parser delivers it: every value given, by name. */
export type Configuration = Record<string, (string | true)[]>;

/** The parameters a client sends with its offer (RFC 7692 §7.1). */
export function offer(options: PerMessageDeflateOptions): Record<string, true | number> {
  const parameters: Record<string, true | number> = {};

  if (options.serverNoContextTakeover) parameters.server_no_context_takeover = true;
  if (options.clientNoContextTakeover) parameters.client_no_context_takeover = true;
  if (options.serverMaxWindowBits) {
    parameters.server_max_window_bits = options.serverMaxWindowBits;
  }
  // RFC 7692 §7.1.2.2: without a value it only says that the server may choose one.
  const clientBits = options.clientMaxWindowBits ?? true;
  if (clientBits) parameters.client_max_window_bits = clientBits;

  return parameters;
}

/**
 * The parameters agreed on: by a server (`options.isServer`) those of the first offer it can accept,
 * completed by its own wishes; by a client those of the response. The entries are not changed.
 * Throws when one of them is malformed, or when none can be accepted.
 */
export function accept(
  options: PerMessageDeflateOptions,
  configurations: Configuration[]
): DeflateParameters {
  const normalized = normalize(configurations, !!options.isServer);
  return options.isServer
    ? acceptAsServer(options, normalized)
    : acceptAsClient(options, normalized);
}

/** Checks what the header said and converts the values: `['10']` becomes `10`. */
export function normalize(configurations: Configuration[], isServer: boolean): DeflateParameters[] {
  return configurations.map((configuration) => {
    const parameters: Record<string, true | number> = emptyLike(configuration);

    for (const name of Object.keys(configuration)) {
      const values = configuration[name];
      // RFC 7692 §7.1: a parameter given twice makes the entry invalid.
      if (values.length > 1) {
        throw new Error(`Parameter "${name}" must have only a single value`);
      }
      parameters[name] = parameterValue(name, values[0], isServer);
    }

    return parameters as DeflateParameters;
  });
}

/** Picks the first acceptable one of normalized `offers` and turns it into the response. */
export function acceptAsServer(
  options: PerMessageDeflateOptions,
  offers: DeflateParameters[]
): DeflateParameters {
  const offered = offers.find((parameters) => isAcceptable(options, parameters));
  if (offered === undefined) throw new Error('None of the extension offers can be accepted');

  const accepted: DeflateParameters = Object.assign(emptyLike(offered), offered);

  if (options.serverNoContextTakeover) accepted.server_no_context_takeover = true;
  if (options.clientNoContextTakeover) accepted.client_no_context_takeover = true;
  if (typeof options.serverMaxWindowBits === 'number') {
    accepted.server_max_window_bits = options.serverMaxWindowBits;
  }
  if (typeof options.clientMaxWindowBits === 'number') {
    accepted.client_max_window_bits = options.clientMaxWindowBits;
  } else if (options.clientMaxWindowBits === false || accepted.client_max_window_bits === true) {
    delete accepted.client_max_window_bits;
  }

  return accepted;
}

/** Checks a normalized response against what was offered and returns what holds from now on. */
export function acceptAsClient(
  options: PerMessageDeflateOptions,
  response: DeflateParameters[]
): DeflateParameters {
  const accepted: DeflateParameters = Object.assign(emptyLike(response[0]), response[0]);
  const own = options.clientMaxWindowBits;

  if (options.clientNoContextTakeover === false && accepted.client_no_context_takeover) {
    throw new Error('Unexpected parameter "client_no_context_takeover"');
  }

  const bits = accepted.client_max_window_bits;
  if (!bits) {
    if (typeof own === 'number') accepted.client_max_window_bits = own;
  } else if (own === false || (typeof own === 'number' && (bits as number) > own)) {
    throw new Error('Unexpected or invalid parameter "client_max_window_bits"');
  }

  return accepted;
}

/** An object for parameters with the prototype (none, if the header parser made it) of `entry`. */
function emptyLike<T extends object>(entry: object): T {
  return Object.create(Object.getPrototypeOf(entry)) as T;
}

function isAcceptable(options: PerMessageDeflateOptions, offered: DeflateParameters): boolean {
  if (options.serverNoContextTakeover === false && offered.server_no_context_takeover) {
    return false;
  }

  // RFC 7692 §7.1.2.1: the server's window may be smaller than what was asked for, never larger.
  const serverBits = offered.server_max_window_bits;
  if (serverBits) {
    const own = options.serverMaxWindowBits;
    if (own === false || (typeof own === 'number' && own > serverBits)) return false;
  }

  // RFC 7692 §7.1.2.2: a server may limit the client's window only if the offer allows it to.
  const own = options.clientMaxWindowBits;
  if (typeof own === 'number') {
    const clientBits = offered.client_max_window_bits;
    return typeof clientBits === 'number' ? own <= clientBits : !!clientBits;
  }

  return true;
}

function parameterValue(name: string, value: string | true, isServer: boolean): true | number {
  switch (name) {
    case 'client_max_window_bits':
      // RFC 7692 §7.1.2.2: the value may be left out of an offer, not of a response.
      if (value === true && isServer) return true;
      return windowBits(name, value);
    case 'server_max_window_bits':
      return windowBits(name, value);
    case 'client_no_context_takeover':
    case 'server_no_context_takeover':
      if (value !== true) throw invalidValue(name, value);
      return true;
    default:
      throw new Error(`Unknown parameter "${name}"`);
  }
}

function windowBits(name: string, value: string | true): number {
  const bits = value === true ? NaN : +value;
  if (!Number.isInteger(bits) || bits < 8 || bits > 15) throw invalidValue(name, value);
  return bits;
}

function invalidValue(name: string, value: string | true): TypeError {
  return new TypeError(`Invalid value for parameter "${name}": ${value}`);
}
