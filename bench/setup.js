// Runs before `npm run bench`: installs the peers and their tools where they are missing or older than bench/package-lock.json.
// Says and costs nothing otherwise. Plain JavaScript on Node alone, as scripts/setup.js, which runs before it.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const HERE = path.dirname(new URL(import.meta.url).pathname);

if (!isInstalled()) install();

/** npm writes its own lock file into node_modules last of all. It lacks what is for other systems. */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([name, { version, optional, devOptional }]) => {
    if (name === '' || (!installed[name] && (optional || devOptional))) return true;
    return installed[name]?.version === version;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(path.join(HERE, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  console.error('Installing the peers, once …');
  const flags = ['--include=dev', '--loglevel=error', '--no-audit', '--no-fund', '--no-progress', '--no-update-notifier'];
  const { status, stdout, stderr, error } = spawnSync('npm', ['ci', ...flags], {
    cwd: HERE,
    shell: process.platform === 'win32',
    encoding: 'utf8',
  });
  if (status === 0 && isInstalled()) return;
  // npm's errors name the registry, which may be a private one.
  const output = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.replace(/(https?:\/\/)[^\s/]+/g, '$1…').trim();
  if (output) console.error(output);
  console.error('The peers could not be installed: check that npm reaches its registry, then start again.');
  process.exit(1);
}
