import { listen } from '../../kit/connect.mjs';
import { readHead, requestText, tcpClient } from '../../kit/http.mjs';

/** One upgrade through `verifyClient`; records what it was given and what came back. */
function verified(title, verifyClient, { headers, also, throws } = {}) {
  return {
    title: `server: verifyClient ${title}`,
    async run(ws, t) {
      const server = await listen(t, ws, { verifyClient: verifyClient(t.lane('verify'), t) });
      t.watchServer('server', server, ['connection', 'error']);
      const raw = await tcpClient(t, { port: server.address().port });
      const ended = new Promise((resolve) => raw.once('close', resolve));
      raw.on('end', () => raw.end());
      also?.(server, raw, t);
      const read = readHead(t, raw);
      raw.write(requestText({ path: '/path', headers }));
      const failed = throws ? t.event(process, 'uncaughtException') : ended;
      const { head, rest } = await Promise.race([read, failed.then(() => ({ head: 'nothing' }))]);
      for (const line of head.split('\r\n')) if (line) t.lane('response')(line);
      if (!head.startsWith('HTTP/1.1 101') && head !== 'nothing') {
        let body = rest.toString();
        raw.on('data', (chunk) => (body += chunk));
        raw.resume();
        await t.wait('the end', ended);
        t.lane('response')('body', body);
      }
      await t.settle();
    }
  };
}

const answers =
  (...args) =>
  () =>
  (info, callback) =>
    callback(...args);

export default [
  verified('returns true', (record) => (info) => {
    record('info', Object.keys(info), info.origin, info.secure, info.req.url);
    return true;
  }),
  verified('returns false', () => () => false),
  verified('returns a truthy value', () => () => 'yes'),
  verified('returns undefined', () => () => {}),
  verified('returns a promise', () => async () => false),
  verified(
    'throws',
    () => () => {
      throw new Error('from verifyClient');
    },
    { throws: true }
  ),
  verified('sees the origin', (record) => (info) => record('origin', info.origin), {
    headers: { Origin: 'https://example.com' }
  }),
  verified('sees the origin of version 8', (record) => (info) => record('origin', info.origin), {
    headers: {
      'Sec-WebSocket-Version': '8',
      'Sec-WebSocket-Origin': 'https://eight',
      Origin: 'https://not.this'
    }
  }),
  verified('with two parameters, true', answers(true)),
  verified('with two parameters, false', answers(false)),
  verified('with two parameters and a code', answers(false, 404)),
  verified('with two parameters, code 0', answers(false, 0)),
  verified('with two parameters, code and text', answers(false, 403, 'Go away')),
  verified('with two parameters, an empty text', answers(false, 403, '')),
  verified('with two parameters, text beyond ASCII', answers(false, 403, 'zwölf')),
  verified('with two parameters and an unknown code', answers(false, 799), { throws: true }),
  verified(
    'with two parameters and headers',
    answers(false, 302, 'Found', { Location: '/x', 'X-A': 1 })
  ),
  verified(
    'with two parameters, headers that replace',
    answers(false, 401, undefined, {
      'Content-Type': 'application/json',
      Connection: 'keep',
      'Content-Length': 12
    })
  ),
  verified('with two parameters, true and a code', answers(true, 404, 'ignored')),
  verified('calls back later', () => (info, callback) => setImmediate(callback, true)),
  verified('calls back twice', () => (info, callback) => {
    callback(true);
    callback(true);
  }),
  verified('calls back twice, refusing', () => (info, callback) => {
    callback(false);
    callback(false);
  }),
  verified('with three parameters', (record) => (info, callback, third) => {
    record('arguments', typeof callback, typeof third);
    return true;
  }),
  verified('with a default parameter', (record) => (info, callback = null) => {
    record('arguments', callback);
    return true;
  }),
  verified(
    'called with this',
    (record) =>
      function (info) {
        record('this', this?.constructor?.name, Object.keys(info).length);
        return true;
      }
  ),
  verified(
    'calls back once the client is gone',
    () => (info, callback) => {
      info.req.socket.once('close', () => callback(true));
    },
    { also: (server, raw) => server._server.once('upgrade', () => raw.destroy()) }
  ),
  verified(
    'refuses once the client is gone',
    () => (info, callback) => {
      info.req.socket.once('close', () => callback(false, 400));
    },
    { also: (server, raw) => server._server.once('upgrade', () => raw.destroy()) }
  ),
  verified(
    'calls back once the server closes',
    (record, t) => (info, callback) => {
      t.server.close(() => record('closed'));
      setImmediate(callback, true);
    },
    { also: (server, raw, t) => (t.server = server) }
  ),
  verified('not called for a bad key', (record) => () => record('called'), {
    headers: { 'Sec-WebSocket-Key': 'bad' }
  })
];
