// A Pothos plugin: fields of Query and Mutation are nullable unless they say otherwise. A root field that fails is then null in an answer
// that keeps the other root fields: an applied mutation stays visible beside one that was refused, and a forbidden list does not take the
// whole screen with it.

import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';

const pluginName = 'nullableRoots';

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      nullableRoots: NullableRootsPlugin<Types>;
    }
  }
}

export class NullableRootsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const isRoot = field.kind === 'Query' || field.kind === 'Mutation';
    if (!isRoot || field.pothosOptions.nullable !== undefined) return field;
    return { ...field, type: { ...field.type, nullable: true } };
  }
}

SchemaBuilder.registerPlugin(pluginName, NullableRootsPlugin);

export default pluginName;
