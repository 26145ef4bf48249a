/** The things that are compared: ferrows from the inside, ws, and the packages that ws uses. */

import { buildSync } from 'esbuild';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..');
const outfile = path.join(root, 'build', 'micro', 'internals.cjs');
buildSync({
  entryPoints: [path.join(here, 'internals.ts')],
  bundle: true,
  platform: 'node',
  target: 'node18',
  outfile
});

const require = createRequire(import.meta.url);
export const ferrows = require(outfile);
export const ws = require('ws');
export const bufferutil = require('bufferutil');
export const utf8Validate = require('utf-8-validate');

const { binding, reason } = ferrows.loadNative({
  FERROWS_NATIVE_LIBRARY_PATH: path.join(root, 'build', 'ferrows.node')
});
if (binding === null) throw new Error(`the addon has to be built: ${reason}`);
export const addon = binding;
export const nativeMasking = ferrows.wrap('native', addon.mask, addon.unmask);
export const nativeParsers = new ferrows.NativeParsers(addon);
