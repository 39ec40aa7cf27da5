import { StartError } from '../errors.ts';
import { momentText } from '../gateway/data/postgres/moments.ts';
import type { Model, ModelName, Row } from '../resources/models.ts';
import { omittedFields } from '../resources/models.ts';
import type { BatchFunction } from './batcher.ts';
import { type Column, type Database, quoted } from './database.ts';
import { tagsOfValue } from './dependencies.ts';
import { declareLoader } from './request-loaders.ts';

/** The select list of a model's rows: every column but the omitted ones, under its field's name. */
export function rowColumns(db: Database, model: ModelName): string {
  const omitted = omittedFields(model);
  return selectList(
    db,
    model,
    [...db.table(model).columns.keys()].filter((field) => !omitted.includes(field)),
  );
}

function selectList(db: Database, model: ModelName, fields: readonly string[]): string {
  return fields
    .map((field) => {
      const { name, readAs } = descriptionOf(db, model, field);
      return `${quoted(name)}${readAs ? `::${readAs}` : ''} as ${quoted(field)}`;
    })
    .join(', ');
}

/** The quoted column of a field. Throws when the model has none. */
export const columnOf = (db: Database, model: ModelName, field: string): string => quoted(descriptionOf(db, model, field).name);

function descriptionOf(db: Database, model: ModelName, field: string): Column {
  const column = db.table(model).columns.get(field);
  if (!column) throw new Error(`${model} has no column for ${field}.`);
  if (column.objection) throw new Error(column.objection);
  return column;
}

/** Kinds of which two texts, or two objects, may be the same value to PostgreSQL: what makes them one here. */
const SAME: Readonly<Record<string, (value: never) => unknown>> = {
  bpchar: (value: string) => value.replace(/ +$/, ''),
  uuid: (value: string) => value.toLowerCase(),
  numeric: String,
  date: momentText,
  timestamp: momentText,
  timestamptz: momentText,
};
/** PostgreSQL compares these by rules that JavaScript does not have, or not at all. */
const INCOMPARABLE = ['citext', 'json', 'jsonb', 'xml', 'bytea'];
/** PostgreSQL does not order these. */
const UNORDERED = ['json', 'xml'];

/** Makes a key of a value of a field that `checkColumns` has let pass, so that rows are matched to the values they were asked for by. */
function matching(db: Database, model: ModelName, field: string): <V>(value: V) => unknown {
  const { kind = '', readAs } = descriptionOf(db, model, field);
  return (SAME[readAs === 'numeric' ? readAs : kind] ?? ((value) => value)) as <V>(value: V) => unknown;
}

/** The statement that reads the records whose `key` is among the first parameter's. */
function selectByKey(db: Database, model: ModelName, key: string, columns: string): string {
  const type = db.table(model).columns.get(key)?.type;
  return `select ${columns} from ${quoted(db.table(model).name)} where ${columnOf(db, model, key)} = any($1::${type}[])`;
}

/** What a loader reads. */
type Reads = {
  model: ModelName;
  /** Columns beside those that rows carry. */
  fields: readonly string[];
  /** What records are looked up by. */
  key?: string;
  /** What they are ordered by. */
  orderBy?: string;
};

/** What every loader reads, in the order of declaration. */
const declared: Reads[] = [];

/**
 * Throws StartError where a loader reads a column that the gateway cannot read, or that is not there, or looks records up by one whose
 * values it cannot compare. Rows are checked when tables are described.
 */
export function checkColumns(db: Database, reads: readonly Reads[] = declared): void {
  for (const { model, fields, key, orderBy } of reads) {
    for (const field of [...fields, key, orderBy]) {
      if (field === undefined) continue;
      const { objection } = db.table(model).columns.get(field) ?? { objection: `${model} has no column for ${field}.` };
      if (objection) throw new StartError(objection);
    }
    if (key !== undefined) checkKey(db, model, key);
    if (orderBy !== undefined) checkOrder(db, model, orderBy);
  }
}

function checkKey(db: Database, model: ModelName, field: string): void {
  const { name, type, kind = '' } = descriptionOf(db, model, field);
  if (!INCOMPARABLE.includes(kind) && !type.endsWith('[]')) return;
  const column = `${db.table(model).name}.${name}`;
  throw new StartError(
    `Rows of ${model} cannot be looked up by ${field}: ${column} is ${type}. Change the column, or write a batchLoader with SQL of its own.`,
  );
}

function checkOrder(db: Database, model: ModelName, field: string): void {
  const { name, type, kind = '' } = descriptionOf(db, model, field);
  if (UNORDERED.includes(kind))
    throw new StartError(`Rows of ${model} cannot be ordered by ${field}: ${db.table(model).name}.${name} is ${type}.`);
}

/** Declares a loader of what records with one value of a field hold. */
function valueLoader<M extends ModelName, K, V>(
  name: string,
  { model, key, ...reads }: Reads & { model: M; key: string },
  batch: BatchFunction<K, V>,
) {
  declared.push({ model, key, ...reads });
  return declareLoader<K, V>({ name, batch, tagsOf: (db, value) => tagsOfValue(db, model, key, value) });
}

/**
 * Loads a row by a unique field; null where there is none. `more`: columns that rows do not carry and these do, for what is looked up
 * to be shown whole.
 */
export function rowLoader<M extends ModelName, F extends keyof Row<M> & string, G extends keyof Model<M> & string = never>(
  model: M,
  key: F,
  more: readonly G[] = [],
) {
  type Found = Row<M> & Pick<Model<M>, G>;
  return valueLoader<M, Row<M>[F], Found | null>(`${model}.${key}`, { model, fields: more, key }, async (db, keys) => {
    const columns = [rowColumns(db, model), ...(more.length > 0 ? [selectList(db, model, more)] : [])].join(', ');
    const rows = await db.query<Found>(selectByKey(db, model, key, columns), [keys]);
    const match = matching(db, model, key);
    const byKey = new Map(rows.map((row) => [match(row[key]), row]));
    return keys.map((value) => byKey.get(match(value)) ?? null);
  });
}

/** Loads what belongs to a parent, whole and in the order of `orderBy`: for lists that a rule keeps short. */
export function childrenLoader<M extends ModelName, F extends keyof Row<M> & string>(
  model: M,
  parentKey: F,
  orderBy: keyof Row<M> & string,
) {
  return valueLoader<M, Row<M>[F], Row<M>[]>(
    `${model} of ${parentKey}`,
    { model, fields: [], key: parentKey, orderBy },
    async (db, keys) => {
      const order = `${columnOf(db, model, parentKey)}, ${columnOf(db, model, orderBy)}`;
      const rows = await db.query<Row<M>>(`${selectByKey(db, model, parentKey, rowColumns(db, model))} order by ${order}`, [keys]);
      const match = matching(db, model, parentKey);
      const byParent = Map.groupBy(rows, (row) => match(row[parentKey]));
      return keys.map((key) => byParent.get(match(key)) ?? []);
    },
  );
}

/** Loads columns that rows do not carry, by id; null where there is no such record. */
export function columnsLoader<M extends ModelName, F extends keyof Model<M> & string>(model: M, fields: readonly F[]) {
  return valueLoader<M, number, Pick<Model<M>, F> | null>(`${model}.${fields.join('+')}`, { model, fields, key: 'id' }, async (db, ids) => {
    const columns = selectList(db, model, ['id', ...fields]);
    const rows = await db.query<Pick<Model<M>, F> & { id: number }>(selectByKey(db, model, 'id', columns), [ids]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}

/** Loads how many records have each value of a field, exactly. */
export function countLoader<M extends ModelName, F extends keyof Row<M> & string>(model: M, key: F) {
  return valueLoader<M, Row<M>[F], number>(`count of ${model} by ${key}`, { model, fields: [], key }, async (db, keys) => {
    const { readAs } = descriptionOf(db, model, key);
    const column = `${columnOf(db, model, key)}${readAs ? `::${readAs}` : ''}`;
    const match = matching(db, model, key);
    const rows = await db.query<{ key: Row<M>[F]; count: number }>(
      `${selectByKey(db, model, key, `${column} as key, count(*)::int4 as count`)} group by ${column}`,
      [keys],
    );
    const byKey = new Map(rows.map((row) => [match(row.key), row.count]));
    return keys.map((value) => byKey.get(match(value)) ?? 0);
  });
}
