// What the rest of the platform knows of the Prisma schema: names and types of its models, taken from generated code.

import { omittedColumns } from '../../prisma/omitted-columns.ts';
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

type Datamodel = { models: Record<string, { fields: { name: string; type: string; isId: boolean; hasDefaultValue: boolean }[] }> };

/** The fields of `model` whose values the database makes, as ids that count up. */
export function generatedFields(model: string): readonly string[] {
  const { datamodel } = getDatamodel() as unknown as { datamodel: Datamodel };
  const counted = datamodel.models[model]?.fields.filter(
    ({ type, isId, hasDefaultValue }) => isId && hasDefaultValue && /^(Int|BigInt)$/.test(type),
  );
  return counted?.map(({ name }) => name) ?? [];
}
