// Everything that makes up the schema. A concept is added by its folder and its lines here.

import './scalars.ts';
import './nodes.ts';
import './rate-limit.ts';
import '../modules/user/schema.ts';
import '../modules/user/mutations.ts';
import '../modules/spa/schema.ts';
import '../modules/spa/mutations.ts';
import '../modules/template/schema.ts';
import '../modules/template/mutations.ts';
import '../modules/certificate/schema.ts';
import '../modules/certificate/queries.ts';
import '../modules/certificate/mutations.ts';
import '../modules/certificate/subscriptions.ts';
import '../modules/candidate-form/schema.ts';
import '../modules/candidate-form/mutations.ts';
import '../modules/hiring-form/schema.ts';
import '../modules/hiring-form/mutations.ts';
import '../modules/statistics/schema.ts';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { lexicographicSortSchema, specifiedDirectives } from 'graphql';
import { usableSchema } from '../gateway/schema/usable-schema.ts';
import { builder } from './builder.ts';
import { rateLimitDirective } from './field-rate-limits.ts';

export const schema = usableSchema(builder.toSchema({ directives: [...specifiedDirectives, rateLimitDirective] }));

/** The schema as schema.graphql holds it: sorted, so that a change shows where it is. */
export const printedSchema = () => `${printSchemaWithDirectives(lexicographicSortSchema(schema))}\n`;
