// npm run limits -- suggest [--url URL] [--token TOKEN]: reads from a gateway's metrics how large operations have been and how much
// clients have asked for, and prints limits that would have let all of it through.

import { parseArgs } from 'node:util';
import { StartError } from '../src/errors.ts';
import { runCommand } from '../src/gateway/process/run-command.ts';
import { readSamples, suggest } from '../src/limits/suggestions.ts';

const USAGE = 'npm run limits -- suggest [--url http://localhost:4000/metrics] [--token METRICS_TOKEN]';

await runCommand(async () => {
  const { url, token } = readArguments();
  console.log(suggest(readSamples(await read(url, token))));
});

function readArguments(): { url: string; token: string | undefined } {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { url: { type: 'string', default: 'http://localhost:4000/metrics' }, token: { type: 'string' } },
    });
    if (positionals.join(' ') === 'suggest' && URL.canParse(values.url)) return { url: values.url, token: values.token };
  } catch {
    // An option that does not exist: the usage says which do.
  }
  throw new StartError(`The usage is: ${USAGE}`);
}

async function read(url: string, token: string | undefined): Promise<string> {
  const response = await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }).catch(() => {
    throw new StartError(`Nobody answers at ${url}. Start the gateway, or name its metrics with --url.`);
  });
  if (response.status === 403) throw new StartError(`The metrics at ${url} are not open to you: give its METRICS_TOKEN with --token.`);
  if (!response.ok) throw new StartError(`${url} answers ${response.status}: these are not the gateway's metrics.`);
  return await response.text();
}
