import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Binding } from './endpoint/native/binding.js';
import { VERSION } from './version.js';

/** The addon, or why there is none. */
export type Loaded =
  | { readonly binding: Binding; readonly reason: string }
  | { readonly binding: null; readonly reason: string };

/**
 * Looks for the addon where a developer says it is, else in the local build, else in the package of
 * this platform, and checks the first one found. Never throws, and never stands in the way of a
 * bundler: what is loaded is known at run time only.
 */
export function loadNative(environment: NodeJS.ProcessEnv = process.env): Loaded {
  if (environment.WS_NO_NATIVE) return refused('WS_NO_NATIVE is set');
  const path = environment.FERROWS_NATIVE_LIBRARY_PATH;
  const candidates = path
    ? [path]
    : [join(__dirname, '..', 'build', 'ferrows.node'), ...platformPackages()];

  const problems: string[] = [];
  for (const candidate of candidates) {
    const problem = tryLoad(candidate);
    if (typeof problem !== 'string') return { binding: problem, reason: `loaded ${candidate}` };
    problems.push(problem);
  }
  return refused(problems.join('; '));
}

function refused(reason: string): Loaded {
  return { binding: null, reason };
}

/**
 * The packages that may hold the addon, in the order they are tried. At most one of them is installed:
 * npm looks at `os`, `cpu` and `libc`.
 */
export function platformPackages(
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch
): string[] {
  const name = `ferrows-${platform}-${arch}`;
  switch (platform) {
    case 'linux':
      return [`${name}-gnu`, `${name}-musl`];
    case 'win32':
      return [`${name}-msvc`];
    default:
      return [name];
  }
}

function tryLoad(candidate: string): Binding | string {
  let loaded: unknown;
  try {
    const require = createRequire(__filename);
    const file = require.resolve(candidate);
    if (breaksOff(file)) return `${candidate} breaks off`;
    loaded = require(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code === 'MODULE_NOT_FOUND') {
      return `${candidate} is not there`;
    }
    return `${candidate} cannot be loaded (${firstLine(error)})`;
  }
  return isComplete(loaded) ? check(loaded, candidate) : `${candidate} is not the addon`;
}

/**
 * Whether `file` is an ELF library that is shorter than it says, as after the disk was full. The loader of
 * Linux maps it all the same, and the process dies of SIGBUS. The section headers come last in it.
 */
function breaksOff(file: string): boolean {
  const header = Buffer.alloc(64);
  const descriptor = openSync(file, 'r');
  try {
    const length = readSync(descriptor, header, 0, 64, 0);
    if (header.readUInt32BE(0) !== 0x7f454c46) return false;
    const start = header.readBigUInt64LE(0x28);
    const sections = header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c);
    const last = Number(start) + sections - 1;
    return length < 64 || readSync(descriptor, header, 0, 1, Math.max(last, 0)) === 0;
  } finally {
    closeSync(descriptor);
  }
}

/** A bundler's stub, or an addon that did not register, loads as an object without its functions. */
function isComplete(loaded: unknown): loaded is Binding {
  const binding = loaded as Partial<Binding> | null | undefined;
  return (
    typeof binding === 'object' &&
    binding !== null &&
    typeof binding.VERSION === 'string' &&
    typeof binding.mask === 'function' &&
    typeof binding.unmask === 'function' &&
    typeof binding.isValidUTF8 === 'function' &&
    typeof binding.Endpoints === 'function' &&
    typeof binding.Deflate === 'function'
  );
}

function check(binding: Binding, candidate: string): Binding | string {
  if (binding.VERSION !== VERSION) {
    return `${candidate} has version ${binding.VERSION}, not ${VERSION}`;
  }
  try {
    return answersCorrectly(binding) ? binding : `${candidate} gives wrong answers`;
  } catch (error) {
    return `${candidate} does not work (${firstLine(error)})`;
  }
}

/** The masked "Hello" of RFC 6455 §5.7, through everything the addon does. */
function answersCorrectly(binding: Binding): boolean {
  const key = Buffer.from('37fa213d', 'hex');
  const masked = Buffer.from('7f9f4d5158', 'hex');
  const frame = Buffer.concat([Buffer.from('8185', 'hex'), key, masked]);

  const output = Buffer.alloc(6);
  binding.mask(masked, key, output, 1, 5);
  binding.unmask(masked, key);
  if (masked.toString('latin1') !== 'Hello') return false;
  if (output.toString('latin1', 1) !== 'Hello') return false;
  if (!binding.isValidUTF8(masked) || binding.isValidUTF8(key)) return false;

  const table = new Int32Array(64);
  const endpoints = new binding.Endpoints(table, Buffer.allocUnsafeSlow(8192));
  const id = endpoints.open(0, 0, 0, 0);
  const rows = endpoints.decode(id, frame, 0);
  endpoints.close(id);
  return (
    deflatesCorrectly(binding) &&
    rows === 1 &&
    table[0] === frame.length &&
    frame.toString('latin1', table[6], 11) === 'Hello'
  );
}

/** Text there and back again. */
function deflatesCorrectly(binding: Binding): boolean {
  const slab = Buffer.allocUnsafeSlow(8192);
  const scratch = Buffer.from('Hello Hello Hello Hello');
  const codecs = new binding.Deflate(scratch, slab, () => {});
  const deflater = codecs.openDeflater(6, 15, 8, 0, false, 0);
  const inflater = codecs.openInflater(15, false);
  const length = codecs.compressScratch(deflater, scratch.length, true, 0);
  const deflated = Buffer.from(slab.subarray(0, length));
  const inflated = codecs.inflate(inflater, deflated, true, scratch.length, 0);
  codecs.closeDeflater(deflater);
  codecs.closeInflater(inflater);
  return scratch.equals(slab.subarray(0, inflated)) && length < scratch.length;
}

function firstLine(error: unknown): string {
  return String((error as Error | null)?.message ?? error).split('\n')[0];
}
