/** What is measured. */

/**
 * @typedef {object} Workload
 * @property {string} name For the command line and the results.
 * @property {string} title
 * @property {'server' | 'client' | 'memory' | 'tls'} kind Which side is under test, and how.
 * @property {string[]} load Arguments of loadgen (for `tls` those of load/tls.mjs).
 * @property {string} [unit] What CPU time is divided by; a message unless told otherwise.
 * @property {string} [figure] For `memory`: which figure of the report counts.
 * @property {string} [needs] What a peer must be able to do.
 * @property {number} [descriptors] Descriptors that each process needs.
 * @property {number} [warmUp] Seconds, where compilers take longer than usual.
 * @property {number} [slice] Seconds of a slice, where one round trip takes longer than the usual one.
 * @property {boolean} [quick] Part of the quick run.
 */

const echo = (name, title, load, more = {}) => ({
  name,
  title: `echo ${title}`,
  kind: 'server',
  load: ['echo', ...load.split(' ')],
  ...more
});

const broadcast = (messages, connections, more = {}) => ({
  name: `broadcast-${messages}-${connections}`,
  title: `broadcast ${messages} × 128 B to ${connections.toLocaleString('en')}`,
  kind: 'server',
  needs: 'broadcast',
  load: ['broadcast', '--messages', messages, '--size', 128, '--connections', connections].map(
    String
  ),
  ...more
});

const deflate = (name, title, load, more = {}) =>
  echo(name, title, `--deflate ${load}`, { needs: 'deflate', ...more });

const feed = (name, title, load, more = {}) => ({
  name,
  title: `client: ${title}`,
  kind: 'client',
  load: ['feed', ...load.split(' ')],
  ...more
});

/** @type {Workload[]} */
export const WORKLOADS = [
  echo('echo-20-1', '20 B, 64 connections, 1 in flight', '--size 20', { quick: true }),
  echo('echo-20-16', '20 B, 64 connections, 16 in flight', '--size 20 --in-flight 16', {
    quick: true
  }),
  echo('echo-text-100', 'text 100 B, 64 connections', '--size 100 --text'),
  echo('echo-1k', '1 KiB, 64 connections', '--size 1024'),
  echo('echo-16k', '16 KiB, 16 connections', '--size 16384 --connections 16', { quick: true }),
  echo('echo-1m', '1 MiB, 8 connections', '--size 1048576 --connections 8'),
  broadcast(1, 200),
  broadcast(10, 200, { quick: true }),
  broadcast(1, 2000),
  broadcast(10, 2000, { slice: 0.4 }),
  deflate('deflate-512', 'deflated JSON 512 B', '--size 512', { quick: true }),
  deflate('deflate-512-fresh', 'deflated JSON 512 B, no context', '--size 512 --no-context'),
  deflate('deflate-16k', 'deflated JSON 16 KiB', '--size 16384 --connections 16'),
  deflate(
    'deflate-16k-fresh',
    'deflated JSON 16 KiB, no context',
    '--size 16384 --connections 16 --no-context'
  ),
  feed('feed-100', '100 B in bursts of 1,000', '--size 100 --messages 1000', { quick: true }),
  feed('feed-4k', '4 KiB in bursts of 100', '--size 4096 --messages 100'),
  {
    name: 'accept',
    title: 'accept a connection',
    kind: 'server',
    load: ['accept', '--connections', '16'],
    unit: 'connection',
    warmUp: 1.5
  },
  {
    name: 'tls-1k',
    title: 'echo over TLS 1 KiB, 32 connections',
    kind: 'tls',
    needs: 'tls',
    load: ['--size', '1024', '--connections', '32'],
    warmUp: 1.5
  },
  {
    name: 'idle-10k',
    title: 'memory of an idle connection, of 10,000',
    kind: 'memory',
    load: ['idle', '--connections', '10000'],
    figure: 'bytes_per_connection',
    descriptors: 10_500
  },
  {
    name: 'idle-100k',
    title: 'memory of an idle connection, of 100,000',
    kind: 'memory',
    load: ['idle', '--connections', '100000'],
    figure: 'bytes_per_connection',
    descriptors: 100_500
  },
  {
    name: 'idle-deflated',
    title: 'memory of an idle connection after a deflated message, of 2,000',
    kind: 'memory',
    needs: 'deflate',
    load: 'idle --connections 2000 --exchange --deflate --size 512'.split(' '),
    figure: 'bytes_per_connection_after_message',
    descriptors: 2_500
  }
];
