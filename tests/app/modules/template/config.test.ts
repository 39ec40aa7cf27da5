// A template's config is a client's own JSON: it comes back as it was sent, or is refused by name.

import { expect, test } from 'vitest';
import { mutation } from '../../../support/inputs.ts';
import { expectIssues, refusing } from '../../../support/refusals.ts';
import { anApp } from '../../../support/world.ts';

const SAVE = mutation('saveTemplate', 'template { id config }');
const plain = { name: 'x', category: 'ID_CARD', kind: 'IMAGE' };
const ADMIN = { as: 'ADMIN' } as const;

/** A JSON value as GraphQL writes it in a document. Its keys must be names. */
const literal = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, part]) => `${key}: ${literal(part)}`)
    .join(', ')}}`;
};

async function aTemplate() {
  const world = await anApp();
  /** `json`: a text, because an object literal with `__proto__` is not what it says. */
  const save = (json: string) => {
    const body = `{"query":${JSON.stringify(SAVE)},"variables":{"input":{"name":"x","category":"ID_CARD","kind":"IMAGE","config":${json}}}}`;
    return world.send(body, ADMIN).then(async (response) => ({ status: response.status, ...(await response.json()) }));
  };
  const saveLiteral = (config: string) => {
    const document = `mutation { saveTemplate(input: { name: "x", category: ID_CARD, kind: IMAGE, config: ${config} }) { template { id config } } }`;
    return world.ask(document, {}, ADMIN);
  };
  return { ...world, save, saveLiteral };
}

const KEPT: readonly unknown[] = [
  { a: 'C:\\udaan\\logo.png' },
  { a: '\\u0000', b: '\\\\ud800', c: 'a\\', d: '"\\u0000"' },
  { a: '\u0001\u001f\n\t', b: '\ufffe\uffff', c: '💆\u202e' },
  { constructor: 1, toString: 'x', hasOwnProperty: null, prototype: {}, valueOf: [], toJSON: 'x', length: 3 },
  { a: 9_007_199_254_740_991, b: -9_007_199_254_740_991, c: 0.1, d: 1.5e-7, e: 123456.789, f: 5e-324 },
  { type: 'Raw', value: { d: [1], e: 1, s: 1 }, _ref: 'x', set: 1, increment: 2 },
  { a: [[], {}, [null], [[1, 'x', true, null]]], b: { c: { d: false } }, e: '' },
];

test('a config comes back as it was sent, in a variable and in the document', async () => {
  const { save, saveLiteral, ask } = await aTemplate();
  for (const config of [...KEPT, { $type: 'Raw', '': { '': 1 }, 'a.b-c d': 1, 'é\u0958': 1 }]) {
    const { data } = await save(JSON.stringify(config));
    expect(data?.saveTemplate.template.config).toEqual(config);
    const { id } = data.saveTemplate.template;
    expect((await ask('query ($id: ID!) { template(id: $id) { config } }', { id }, ADMIN)).data.template.config).toEqual(config);
  }
  for (const config of KEPT) expect((await saveLiteral(literal(config))).data?.saveTemplate.template.config).toEqual(config);
});

test('what would come back as something else is refused by its path', async () => {
  const { save, saveLiteral, ...app } = await aTemplate();
  const REFUSED: [json: string, ...paths: string[]][] = [
    ['{"a": {"__proto__": {"isAdmin": true}}}', 'a.__proto__'],
    ['{"__proto__": 1, "b": [{"__proto__": null}]}', '__proto__', 'b.0.__proto__'],
    ['{"a": "x\\u0000y", "b": ["\\ud800", "\\udc00x"]}', 'a', 'b.0', 'b.1'],
    ['{"a\\u0000": 1, "\\ud800": 2}', 'a\u0000', '\ud800'],
    ['{"a": 1e400, "b": [-1e400]}', 'a', 'b.0'],
    ['{"a": 9007199254740993, "b": 1e21, "c": -9007199254740992}', 'a', 'b', 'c'],
    [`{"a": ${JSON.stringify('x'.repeat(20_000))}}`, ''],
    ['[1]', ''],
    ['"text"', ''],
    ['7', ''],
  ];
  await refusing(app, async () => {
    for (const [json, ...paths] of REFUSED)
      expectIssues(
        await save(json),
        paths.map((path) => ['input', 'config', path].filter(Boolean).join('.')),
      );
    for (const [json, path] of [
      ['{a: {__proto__: 1}}', 'a.__proto__'],
      ['{a: 1e400}', 'a'],
      ['{a: 9007199254740993}', 'a'],
      ['{a: "\\u0000"}', 'a'],
    ])
      expectIssues(await saveLiteral(json as string), [`input.config.${path}`]);
  });
});

test('a config may have twenty levels, in the document too, and is refused beyond', async () => {
  const { saveLiteral, ...app } = await aTemplate();
  const nested = (levels: number) => `${'{a: '.repeat(levels)}1${'}'.repeat(levels)}`;
  expect((await saveLiteral(nested(20))).errors).toBeUndefined();
  await refusing(app, async () => {
    for (const levels of [21, 300]) {
      const answer = await saveLiteral(nested(levels));
      expectIssues(answer, [`input.config${'.a'.repeat(20)}`]);
    }
  });
});

test('variables within a config are what they stand for; one that is not given is no key, and no entry of a list', async () => {
  const { ask } = await aTemplate();
  const query = `mutation ($page: String, $none: Int, $json: JSON) {
    saveTemplate(input: { name: "x", category: ID_CARD, kind: IMAGE, config: { page: $page, none: $none, list: [$page], json: $json } }) { template { config } } }`;
  const { data } = await ask(query, { page: 'A4', json: { b: 1 } }, ADMIN);
  expect(data.saveTemplate.template.config).toEqual({ page: 'A4', list: ['A4'], json: { b: 1 } });
  expectIssues(await ask(query.replace('[$page]', '[$page, $none]'), { page: 'A4' }, ADMIN), ['input.config.list.1']);
  expect((await ask(SAVE, { input: { ...plain, config: {} } }, ADMIN)).data.saveTemplate.template.config).toEqual({});
});
