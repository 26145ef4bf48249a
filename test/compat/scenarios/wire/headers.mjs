import { inspect } from 'node:util';

const EXTENSIONS = [
  'foo',
  'foo,bar',
  'foo, bar; x',
  'foo; a; b=1; c="quoted"',
  'foo; a=1; a=2, foo; a=3',
  'foo;bar;baz=""',
  'foo; a="es\\caped"',
  'foo; a="\\q"',
  ' foo',
  'foo ',
  'foo\t;\tbar\t=1',
  'foo; bar =1',
  'foo; bar= 1',
  'foo;',
  'foo,',
  ',foo',
  'foo,,bar',
  'foo; =1',
  'foo=1',
  'foo; a=1; ',
  'foo; a="un',
  'foo; a="x" y',
  'foo; a="x y"',
  'foo; a=\u00e4',
  '__proto__; constructor=1',
  '',
  ' ',
  ';'
];

const SUBPROTOCOLS = [
  'a',
  'a,b',
  'a, b ,\tc',
  'a,a',
  'A,a',
  '',
  ' ',
  ',',
  'a,',
  ',a',
  'a b',
  'a ',
  ' a',
  'a,,b',
  '"a"',
  '\u00e4',
  "!#$%&'*+-.^_`|~"
];

const FORMATS = [
  {},
  { foo: {} },
  { foo: [{}] },
  { foo: { a: true } },
  { foo: { a: true, b: 1, c: 'x' } },
  { foo: { a: [true, 'b', 1] } },
  { foo: [{ a: true }, { b: true }], bar: {} },
  { foo: { a: '' } },
  { foo: { a: false } }
];

const brief = (value) => inspect(value, { breakLength: Infinity });

export default [
  {
    title: 'extension.parse()',
    async run(ws, t) {
      for (const header of EXTENSIONS) {
        t.attempt('parse', brief(header), () => ws.extension.parse(header));
      }
    }
  },
  {
    title: 'extension.format()',
    async run(ws, t) {
      for (const one of FORMATS) t.attempt('format', brief(one), () => ws.extension.format(one));
    }
  },
  {
    title: 'subprotocol.parse()',
    async run(ws, t) {
      for (const header of SUBPROTOCOLS) {
        t.attempt('parse', brief(header), () => ws.subprotocol.parse(header));
      }
    }
  }
];
