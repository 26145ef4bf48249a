import { keyOf, normalised, readHead, responseText, tcpServer } from '../../kit/http.mjs';

/**
 * Servers that answer each path with a location or, where there is none, with the upgrade. What they
 * are asked is recorded in lanes `first` and `second`; `{second}` in a location is the other one.
 */
async function site(t, locations) {
  const urls = {};
  const serve = (lane) => async (raw) => {
    raw.on('end', () => raw.end());
    const { head } = await readHead(t, raw);
    for (const line of normalised(head).split('\r\n')) if (line) t.lane(lane)(line);
    const [, path] = head.split(' ');
    const [status, location] = locations[`${lane} ${path}`] ?? [];
    if (status) {
      const target = location?.replace(/{(\w+)}/g, (_, name) => urls[name].replace('ws:', 'http:'));
      raw.write(
        `HTTP/1.1 ${status} Moved\r\n${target === undefined ? '' : `Location: ${target}\r\n`}Content-Length: 0\r\n\r\n`
      );
    } else {
      raw.write(responseText(keyOf(head)));
    }
    raw.resume();
  };
  urls.first = (await tcpServer(t, serve('first'))).url;
  urls.second = (await tcpServer(t, serve('second'))).url;
  return urls;
}

function redirected(title, { locations, options, address, also }) {
  return {
    title: `client: ${title}`,
    async run(ws, t) {
      const urls = await site(t, locations);
      const from = address?.(urls) ?? `${urls.first}/`;
      const client = new ws.WebSocket(from, {
        perMessageDeflate: false,
        followRedirects: true,
        ...options
      });
      const record = t.watch('client', client);
      also?.(client, record);
      await Promise.race([t.event(client, 'open'), t.event(client, 'close')]);
      record('url', client.url, client._redirects, client.readyState);
      client.terminate();
    }
  };
}

const secrets = {
  auth: 'user:pass',
  headers: { Authorization: 'Bearer x', Cookie: 'a=b', 'X-Kept': 'yes' }
};
const cookies = { headers: { cookie: 'a=b', host: 'example.com', 'X-Kept': 'yes' } };

const sameHost = { 'first /': [302, '/there'] };
const otherHost = { 'first /': [302, '{second}/there'] };

const STATUSES = [300, 301, 302, 303, 304, 305, 307, 308, 399, 400].map((status) =>
  redirected(`a redirect with status ${status}`, { locations: { 'first /': [status, '/there'] } })
);

export default [
  ...STATUSES,
  redirected('followRedirects false', { locations: sameHost, options: { followRedirects: false } }),
  redirected('a relative location', {
    locations: { 'first /a/b': [302, '../c?d=e'] },
    address: ({ first }) => `${first}/a/b`
  }),
  redirected('an absolute location with ws:', {
    locations: { 'first /': [302, 'ws://127.0.0.1:1/'] },
    options: { maxRedirects: 0 }
  }),
  redirected('a location that is no URL', { locations: { 'first /': [302, 'http://'] } }),
  redirected('an empty location', { locations: { 'first /': [302, ''] } }),
  redirected('a location with another scheme', {
    locations: { 'first /': [302, 'ftp://127.0.0.1/'] }
  }),
  redirected('a location with a fragment', { locations: { 'first /': [302, '/there#fragment'] } }),
  redirected('several redirects', {
    locations: { 'first /': [302, '/1'], 'first /1': [301, '{second}/2'], 'second /2': [307, '/3'] }
  }),
  redirected('as many redirects as maxRedirects', {
    locations: { 'first /': [302, '/1'], 'first /1': [302, '/2'] },
    options: { maxRedirects: 2 }
  }),
  redirected('more redirects than maxRedirects', {
    locations: { 'first /': [302, '/1'], 'first /1': [302, '/2'] },
    options: { maxRedirects: 1 }
  }),
  redirected('redirects without end', { locations: { 'first /': [302, '/'] } }),
  redirected('maxRedirects 0', { locations: sameHost, options: { maxRedirects: 0 } }),
  redirected('credentials to the same host', { locations: sameHost, options: secrets }),
  redirected('credentials to another host', { locations: otherHost, options: secrets }),
  redirected('cookie and host to the same host', { locations: sameHost, options: cookies }),
  redirected('cookie and host to another host', { locations: otherHost, options: cookies }),
  redirected('auth to the same host', { locations: sameHost, options: { auth: 'user:pass' } }),
  redirected('auth to another host', { locations: otherHost, options: { auth: 'user:pass' } }),
  redirected('credentials of the address to the same host', {
    locations: sameHost,
    address: ({ first }) => first.replace('//', '//user:pass@')
  }),
  redirected('credentials of the address to another host', {
    locations: otherHost,
    address: ({ first }) => first.replace('//', '//user:pass@')
  }),
  redirected('credentials in the location', {
    locations: { 'first /': [302, '{second}/there'] },
    options: { auth: 'user:pass' }
  }),
  redirected('back to the first host', {
    locations: { 'first /': [302, '{second}/1'], 'second /1': [302, '{first}/2'] },
    options: secrets
  }),
  redirected("credentials to another host with a 'redirect' listener", {
    locations: otherHost,
    options: secrets,
    also: (client, record) =>
      client.on('redirect', (url, request) => {
        record(
          'redirect',
          url,
          client._redirects,
          request.getHeader('authorization'),
          request.getHeader('cookie')
        );
      })
  }),
  redirected("headers set in a 'redirect' listener", {
    locations: otherHost,
    also: (client) => client.on('redirect', (url, request) => request.setHeader('X-Late', '1'))
  }),
  redirected("close() in a 'redirect' listener", {
    locations: sameHost,
    also: (client) => client.on('redirect', () => client.close())
  }),
  redirected("terminate() in a 'redirect' listener", {
    locations: sameHost,
    also: (client) => client.on('redirect', () => client.terminate())
  }),
  redirected("request.destroy() in a 'redirect' listener", {
    locations: sameHost,
    also: (client) => client.on('redirect', (url, request) => request.destroy(new Error('stop')))
  }),
  redirected("an 'unexpected-response' listener and a followed redirect", {
    locations: sameHost,
    also: (client, record) => client.on('unexpected-response', () => record('unexpected-response'))
  }),
  redirected('subprotocols are asked for again', {
    locations: sameHost,
    options: { protocols: 'chat' }
  }),
  redirected('an origin is sent again', {
    locations: otherHost,
    options: { origin: 'http://a.b' }
  }),
  redirected('finishRequest is called again', {
    locations: sameHost,
    options: {
      finishRequest(request) {
        request.setHeader('X-Finish', 'yes');
        request.end();
      }
    }
  })
];
