import { holdsDemoUsers, isEmpty, seed } from '../prisma/seed/seed.ts';
import type { Config } from './config.ts';
import { StartError } from './errors.ts';
import type { Log } from './log.ts';
import { openDatabaseServer } from './resources/database.ts';
import { applyMigrations, pendingMigrations } from './resources/migrations.ts';
import { loadOwnSecret } from './resources/own-secret.ts';
import { printStartScreen } from './start-screen.ts';
import { startWorker } from './worker.ts';

/** Brings the database up to date, starts the gateway, says where everything is, and returns how to stop. */
export async function startPrimary(config: Config, log: Log) {
  const secretKeys = [await secretKeyOf(config), ...config.previousSecretKeys];
  const server = await openDatabaseServer(config, log);
  try {
    await migrate(config, server.url);
    const hasDemoUsers = await seedOnce(config, server.url);
    const worker = await startWorker({ config, databaseUrl: server.url, secretKeys, hasDemoUsers, log });
    printStartScreen({
      url: worker.url,
      databaseUrl: server.url,
      isEmbedded: server.isEmbedded,
      hasPlayground: config.hasPlayground,
      hasDemoUsers,
    });
    return {
      url: worker.url,
      close: async () => {
        await worker.close().finally(server.close);
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function migrate(config: Config, databaseUrl: string): Promise<void> {
  if (config.migrateOnStart) return void (await applyMigrations(databaseUrl));
  const pending = await pendingMigrations(databaseUrl);
  if (pending.length > 0)
    throw new StartError(`The database lacks ${pending.length} of the migrations. Run npm run db:migrate, or set MIGRATE_ON_START=true.`);
}

/** Loads demo data into an empty database where that is wanted. Returns whether it holds the demo users. */
async function seedOnce({ seedScale }: Config, databaseUrl: string): Promise<boolean> {
  if (seedScale === 0) return false;
  if (await isEmpty(databaseUrl)) {
    console.log('Loading demo data, once …');
    await seed(databaseUrl, { scale: seedScale }).catch(async (error) => {
      // Another start was faster, and has seeded meanwhile.
      if (await isEmpty(databaseUrl)) throw error;
    });
  }
  // A database that was filled otherwise has other people behind the same ids: the playground must not sign in as them.
  return await holdsDemoUsers(databaseUrl);
}

/** The key that signs tokens. With the embedded database it is the checkout's own, made on first use: nobody else's tokens are ever valid here. */
async function secretKeyOf({ secretKey, secretKeyFile: file, databaseUrl }: Config): Promise<string> {
  if (secretKey !== undefined) return secretKey;
  if (databaseUrl !== undefined)
    throw new StartError('Set SECRET_KEY, which signs the tokens: 32 characters or more. Make one with: openssl rand -base64 48');
  return await loadOwnSecret(file, 'Start Convoy as the user who did first, or set SECRET_KEY.');
}
