import { readFile } from 'node:fs/promises';
import { isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType, isSpecifiedScalarType } from 'graphql';
import { expect, test } from 'vitest';
import { variables } from '../src/config.ts';
import { ERROR_CODES, type ErrorCode, isOfRequest } from '../src/errors.ts';
import { schema } from '../src/graphql/schema.ts';
import { LIMITS } from '../src/limits/limits.ts';
import { everyMetric } from './support/metrics.ts';

const read = (file: string) => readFile(new URL(`../${file}`, import.meta.url), 'utf8');

/** The cells of the table below a heading of README. */
async function table(heading: string): Promise<string[][]> {
  const section = (await read('README.md')).split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
  );
}

test('.env.example has every setting, each with a comment', async () => {
  const lines = (await read('.env.example')).split('\n');
  const settings = lines.flatMap((line, i) => (/^\w+=/.test(line) ? [{ name: line.split('=')[0], comment: lines[i - 1] ?? '' }] : []));
  expect(settings.map(({ name }) => name)).toEqual(Object.keys(variables));
  for (const { name, comment } of settings) expect(comment, name).toMatch(/^# \S/);
});

test("README's table of settings has every setting", async () => {
  expect((await table('Configuration')).map(([name]) => name)).toEqual(Object.keys(variables));
});

test("README's table of errors is the catalogue", async () => {
  const catalogue = Object.entries(ERROR_CODES).map(([code, { status, meaning }]) => {
    const inJson = isOfRequest(code as ErrorCode) ? status : 200;
    return [code, String(status), String(inJson), meaning];
  });
  expect(await table('Errors')).toEqual(catalogue);
});

test("README's table of limits has every limit", async () => {
  expect(await table('Protection')).toEqual(Object.entries(LIMITS));
});

test("README's table of metrics is what a gateway shows of its own", async () => {
  const shown = everyMetric().getMetricsAsArray() as unknown as { name: string; help: string; labelNames: string[] }[];
  const own = shown.filter(({ name }) => name.startsWith('convoy_'));
  const documented = (await table('Metrics')).map(([name, labels, meaning]) => [name, labels?.replaceAll('`', ''), meaning]);
  expect(documented.toSorted()).toEqual(own.map(({ name, labelNames, help }) => [name, labelNames.join(', '), help]).toSorted());
});

test('everything in the schema has a description', () => {
  const lacking: string[] = [];
  const check = (name: string, { description }: { description?: string | null }) => void (description?.trim() || lacking.push(name));
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    check(type.name, type);
    // A value of an enum is named for what it means; an enum is described as a whole.
    if (isEnumType(type)) continue;
    if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) check(`${type.name}.${field.name}`, field);
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      check(`${type.name}.${field.name}`, field);
      for (const arg of field.args) check(`${type.name}.${field.name}(${arg.name}:)`, arg);
    }
  }
  expect(lacking).toEqual([]);
});
