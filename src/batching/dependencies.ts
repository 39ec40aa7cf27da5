// What an answer was made from, as the tags that changes of the database are announced by: see the migration announce_changes.

import type { ModelName } from '../resources/models.ts';
import type { Database } from './database.ts';

/** Gathers the tags of everything that a request reads. */
export class Dependencies {
  readonly tags = new Set<string>();
  /** False once something was read whose changes nobody announces: the answer must not outlive its request. */
  isComplete = true;

  add(tags: readonly string[] | undefined): void {
    if (!tags) this.isComplete = false;
    else for (const tag of tags) this.tags.add(tag);
  }
}

/** Tags of one read; undefined where changes of what it reads are not announced. */
export type Tags = readonly string[] | undefined;

/** The tags of reading, wholly or in part, the records whose `field` equals `value`, be there any or not. */
export function tagsOfValue(db: Database, model: ModelName, field: string, value: unknown): Tags {
  const { name, columns, announced } = db.table(model);
  const column = columns.get(field)?.name ?? '';
  if (!announced) return undefined;
  if (column === 'id') return [`${name}:${value}`, `#${name}`];
  return announced.has(column) ? [`${name}.${column}=${value}`, `#${name}`] : [name, `#${name}`];
}

/** The tags of reading any records of a model. */
export function tagsOfModel(db: Database, model: ModelName): Tags {
  const { name, announced } = db.table(model);
  return announced && [name, `#${name}`];
}
