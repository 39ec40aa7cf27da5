import { hostname } from 'node:os';
import { demoPassword, demoSignIns } from '../prisma/seed/demo.ts';

type Facts = { url: string; databaseUrl: string; isEmbedded: boolean; hasPlayground: boolean; hasDemoUsers: boolean };

/**
 * Tells on one screen where everything is, or in one line of the log where a machine reads it: outside a terminal, with a database server
 * of its own. The password of a database is shown only for the embedded one, which is the reader's own.
 */
export function printStartScreen({ url, databaseUrl, isEmbedded, hasPlayground, hasDemoUsers }: Facts): void {
  const database = new URL(databaseUrl);
  if (!isEmbedded) {
    database.password = '';
    database.search = '';
  }
  if (!isEmbedded && !process.stdout.isTTY) {
    printLine({ health: new URL('/health', url).href, database: database.href }, `GraphQL ${url} is ready. Ctrl-C stops it.`);
    return;
  }
  const rows = [
    ['GraphQL', url],
    ...(hasPlayground ? [['Playground', `${url}  (in a browser)`]] : []),
    ['Health', new URL('/health', url).href],
    ['Database', `${database.href}${isEmbedded ? '  (embedded)' : ''}`],
  ];
  const signIns = hasDemoUsers
    ? [
        '',
        `  Sign in with the password ${demoPassword} as`,
        ...demoSignIns.map(({ username, role }) => `    ${username.padEnd(12)} ${role}`),
      ]
    : [];
  console.log(
    [
      '',
      '  Convoy is ready.',
      '',
      ...rows.map(([name = '', value]) => `  ${name.padEnd(12)} ${value}`),
      ...signIns,
      '',
      '  Ctrl-C stops it.',
      '',
    ].join('\n'),
  );
}

/** Whatever is logged: a start that says nothing would not be noticed. */
function printLine(fields: Record<string, string>, msg: string): void {
  console.log(JSON.stringify({ level: 30, time: Date.now(), pid: process.pid, hostname: hostname(), ...fields, msg }));
}
