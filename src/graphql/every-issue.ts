// A Pothos plugin: names every bad input. The validation plugin skips the rest of an input object behind the first bad field; when it
// has found one, this runs all checks again and reports them together. It stands before the validation plugin in the builder.

import SchemaBuilder, {
  BasePlugin,
  type BuildCache,
  type PothosInputFieldConfig,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  unwrapInputFieldType,
} from '@pothos/core';
import type { StandardSchemaV1 } from '@pothos/plugin-validation';
import { BadUserInput, type InputIssue } from '../errors.ts';

const pluginName = 'everyIssue';

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      everyIssue: EveryIssuePlugin<Types>;
    }
  }
}

type Fields<Types extends SchemaTypes> = Record<string, PothosInputFieldConfig<Types>>;
type Path = InputIssue['path'];

export class EveryIssuePlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const argMappers = field.argMappers?.map((mapper): typeof mapper => (args, ctx, info) => {
      try {
        return mapper(args, ctx, info);
      } catch (error) {
        const issues = error instanceof BadUserInput ? issuesOf(this.buildCache, field.args, args, []) : [];
        throw issues.length > 0 ? new BadUserInput(issues) : error;
      }
    });
    return { ...field, argMappers };
  }
}

function issuesOf<Types extends SchemaTypes>(cache: BuildCache<Types>, fields: Fields<Types>, values: object, path: Path): InputIssue[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const value: unknown = Reflect.get(values, name);
    if (value === null || value === undefined) return [];
    const at = [...path, name];
    const ref = unwrapInputFieldType(field.type);
    const isObject = cache.getTypeConfig(ref).kind === 'InputObject';
    const inner = (one: unknown, where: Path) =>
      isObject && typeof one === 'object' && one !== null ? issuesOf(cache, cache.getInputTypeFieldConfigs(ref), one, where) : [];
    const ofParts = Array.isArray(value) ? value.flatMap((one, i) => inner(one, [...at, i])) : inner(value, at);
    return [...ofParts, ...ownIssues(field, value, at)];
  });
}

function ownIssues<Types extends SchemaTypes>(field: PothosInputFieldConfig<Types>, value: unknown, at: Path): InputIssue[] {
  const { schemas = [] } = (field.extensions?.['@pothos/plugin-validation'] ?? {}) as { schemas?: StandardSchemaV1[] };
  // The validation plugin copies an input field's option into its extensions, an argument's not.
  const option = field.kind === 'Arg' ? [field.pothosOptions.validate as StandardSchemaV1 | undefined] : [];
  for (const schema of [...schemas.toReversed(), ...option]) {
    if (!schema) continue;
    const result = schema['~standard'].validate(value);
    // Checks that wait for something else cannot be run again here; the gateway has none.
    if (result instanceof Promise || !result.issues) continue;
    return result.issues.map(({ message, path = [] }) => ({ message, path: [...at, ...path.map(keyOf)] }));
  }
  return [];
}

/** A step of a path, from the forms that Standard Schema allows. */
export function keyOf(step: PropertyKey | { key: PropertyKey }): string | number {
  const key = typeof step === 'object' ? step.key : step;
  return typeof key === 'symbol' ? String(key) : key;
}

SchemaBuilder.registerPlugin(pluginName, EveryIssuePlugin);

export default pluginName;
