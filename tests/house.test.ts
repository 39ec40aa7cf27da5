// The rules of direction that Biome cannot express, read from the import lines of the tree. biome.json keeps the others.

import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const MAX_LINES = 280;

type Import = { from: string; to: string; isType: boolean };

const OPENERS = /^src\/resources\/(postgres|embedded-postgres|embedded-cluster|database|redis|prisma)\.ts$/;
const MAY_OPEN = /^(src\/(main|primary|worker)\.ts|src\/resources\/|scripts\/|prisma\/|tests\/|bench\/|audit\/|chaos\/|harness\/)/;

const files = await Array.fromAsync(
  glob(['src/**/*.ts', 'prisma/**/*.ts', 'scripts/*.{ts,js}', 'tests/**/*.ts', '{audit,chaos,harness}/**/*.ts'], { cwd: ROOT }),
);
const sources = await Promise.all(
  files
    .filter((file) => !file.startsWith('src/generated/'))
    .map(async (file) => ({ file, text: await readFile(path.join(ROOT, file), 'utf8') })),
);
const imports = sources.flatMap(({ file, text }): Import[] =>
  Array.from(text.matchAll(/^(?:import|export)( type)?\b[^;]*?from '(\.[^']+)'/gm), ([, type, target = '']) => ({
    from: file,
    to: path.join(path.dirname(file), target),
    isType: type !== undefined,
  })),
);

const moduleOf = (file: string) => /^src\/modules\/([^/]+)\//.exec(file)?.[1];
/** What writes takes the client or a transaction of it as an argument, and so imports its type; nothing else in a module does. */
const verbs = new Set(imports.filter(({ from, to }) => moduleOf(from) && to === 'src/resources/prisma.ts').map(({ from }) => from));
const arrows = (found: Import[]) => found.map(({ from, to }) => `${from} imports ${to}`);

test('imports are found', () => {
  expect(imports).toContainEqual({ from: 'prisma/seed.ts', to: 'src/errors.ts', isType: false });
  expect(imports).toContainEqual({ from: 'src/resources/database.ts', to: 'src/log.ts', isType: true });
});

test('only primary and worker open resources; everything else gets them as arguments', () => {
  expect(arrows(imports.filter(({ from, to, isType }) => !isType && OPENERS.test(to) && !MAY_OPEN.test(from)))).toEqual([]);
});

test('the gateway reaches no generated code and nothing of the application, by any import that is more than a type', () => {
  const isForeign = (file: string) => /^(src\/(generated|modules|app)|prisma)\//.test(file);
  const roads: string[] = [];
  const seen = new Set<string>();
  const follow = (file: string, road: readonly string[]) => {
    if (seen.has(file)) return;
    seen.add(file);
    if (isForeign(file)) roads.push([...road, file].join(' imports '));
    else for (const { to } of imports.filter(({ from, isType }) => from === file && !isType)) follow(to, [...road, file]);
  };
  for (const file of files.filter((name) => name.startsWith('src/gateway/'))) follow(file, []);
  expect(roads).toEqual([]);
});

test('a module imports refs and loaders of another module, never its verbs', () => {
  const foreign = imports.filter(({ from, to }) => moduleOf(from) && moduleOf(to) && moduleOf(from) !== moduleOf(to));
  expect(arrows(foreign.filter(({ to, isType }) => !isType && verbs.has(to)))).toEqual([]);
});

test('a verb knows nothing of GraphQL', () => {
  expect(verbs.size).toBeGreaterThan(0);
  expect(arrows(imports.filter(({ from, to }) => verbs.has(from) && /^src\/(graphql|plugins)\//.test(to)))).toEqual([]);
});

test('nothing that a schema is made of imports the file that makes it', () => {
  expect(arrows(imports.filter(({ from, to }) => to === 'src/graphql/schema.ts' && moduleOf(from) !== undefined))).toEqual([]);
});

test('no file only exports again what another one defines', () => {
  const barrels = sources.filter(({ text }) => text.split('\n').every((line) => /^(export .* from .*|\/\/.*)?$/.test(line)));
  expect(barrels.map(({ file }) => file)).toEqual([]);
});

test(`no source file is longer than ${MAX_LINES} lines`, () => {
  const lengths = sources.map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }));
  expect(lengths.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
});
