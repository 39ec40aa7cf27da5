// What the rest of the platform knows of the Prisma schema: names and types of its models, taken from generated code.

import { omittedColumns } from '../../prisma/omitted-columns.ts';
import type { ModelTable } from '../gateway/data/postgres/check-tables.ts';
import type PrismaTypes from '../generated/pothos-types.ts';
import { getDatamodel } from '../generated/pothos-types.ts';

export type ModelName = keyof PrismaTypes;

type Omitted = typeof omittedColumns;
type OmittedOf<M extends ModelName> = Uncapitalize<M> extends keyof Omitted ? keyof Omitted[Uncapitalize<M>] : never;

/** A whole record of a model, with the columns that rows do not carry. */
export type Model<M extends ModelName> = PrismaTypes[M]['Shape'];

/** A record as loaders and Prisma give it: every column but the omitted ones. */
export type Row<M extends ModelName> = Omit<Model<M>, OmittedOf<M>>;

/** Pothos's types of the models, with rows for shapes. */
export type RowTypes = { [M in ModelName]: Omit<PrismaTypes[M], 'Shape'> & { Shape: Row<M> } };

/** The fields of `model` that its rows do not carry. */
export function omittedFields(model: ModelName): readonly string[] {
  const key = `${model[0]?.toLowerCase()}${model.slice(1)}`;
  return Object.keys((omittedColumns as Record<string, object>)[key] ?? {});
}

type RuntimeModel = { dbName?: string | null; fields: { name: string; kind: string; dbName?: string }[] };
type Datamodel = { models: Record<string, { fields: { name: string; type: string; isId: boolean; hasDefaultValue: boolean }[] }> };

/** The tables and columns that the client's models stand for. */
export function modelTables(prisma: object): ModelTable[] {
  const { models } = Reflect.get(prisma, '_runtimeDataModel') as { models: Record<string, RuntimeModel> };
  const declared = getDatamodel() as unknown as { datamodel: Datamodel };
  return Object.entries(models).map(([model, { dbName, fields }]) => {
    const counted = new Set(
      declared.datamodel.models[model]?.fields
        .filter(({ type, isId, hasDefaultValue }) => isId && hasDefaultValue && /^(Int|BigInt)$/.test(type))
        .map(({ name }) => name),
    );
    const columns = fields.filter(({ kind }) => kind !== 'object');
    const nameOf = (field: { name: string; dbName?: string }) => field.dbName ?? field.name;
    return {
      model,
      table: dbName ?? model,
      columns: columns.map(nameOf),
      generated: columns.filter(({ name }) => counted.has(name)).map(nameOf),
    };
  });
}
