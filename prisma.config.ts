import { defineConfig } from 'prisma/config';

// `prisma generate` looks for a schema-engine binary, a download that it then does not use; any file satisfies it.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations', seed: 'node prisma/seed.ts' },
});
