// The gateway as src/main.ts starts it, but that a worker may be silent for two seconds alone.

import cluster from 'node:cluster';
import { type Config, loadConfig, readEnvironment } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { startPrimary } from '../../src/primary.ts';
import { runMember } from '../../src/workers/member.ts';

const logOf = (config: Config) => createLog({ level: config.logLevel });

if (cluster.isWorker) {
  await runMember(logOf);
  process.exit(0);
}
const config = loadConfig(readEnvironment());
await startPrimary(config, logOf(config), { silenceMs: 2000 });
