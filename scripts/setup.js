// Runs before every npm script: installs the dependencies and generates the Prisma client where they are missing or older than
// what they come from. Says and costs nothing otherwise. Plain JavaScript on Node alone, because it runs before either exists.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const at = (...names) => path.join(ROOT, ...names);

const LOCK = at('.convoy', 'setup.lock');
const LOCK_OWNER = path.join(LOCK, 'process');
const LOCK_TIMEOUT_MS = 600_000;
/** A lock without a name in it is that of a process which died, or is about to write it. */
const NAMELESS_LOCK_MS = 5_000;

const GENERATED = at('src', 'generated');
const STAMP = path.join(GENERATED, '.stamp');
const GENERATED_FROM = [at('prisma', 'schema.prisma'), at('prisma.config.ts'), at('package-lock.json')];

if (!hasDependencies() || !hasGenerated()) setUp();

function setUp() {
  takeLock();
  // Another setup may have done the work while this one waited.
  const failure = (hasDependencies() ? undefined : install()) ?? (hasGenerated() ? undefined : generate());
  rmSync(LOCK, { recursive: true, force: true });
  if (failure) fail(failure.reason, failure.output);
}

/** npm writes its own lock file into node_modules last of all. It is compared entry by entry: it lacks what is for other systems. */
function hasDependencies() {
  const wanted =
    packagesOf(at('package-lock.json')) ?? fail('There is no package-lock.json to install from: restore it from the repository.');
  const installed = packagesOf(at('node_modules', '.package-lock.json'));
  if (!installed) return false;
  return Object.entries(wanted).every(([name, { version, integrity, optional, devOptional }]) => {
    const found = installed[name];
    if (name === '' || (!found && (optional || devOptional))) return true;
    return found?.version === version && found?.integrity === integrity;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function install() {
  console.error('Installing dependencies, once …');
  // The runtime below node_modules is about to be deleted: npm must not be run by it.
  const PATH = pathEntries().filter((entry) => !entry.endsWith(path.join('node_modules', '.bin')));
  // The engine warnings are for this Node; the scripts run by the one that is being installed.
  const flags = ['--include=dev', '--loglevel=error', '--no-audit', '--no-fund', '--no-progress', '--no-update-notifier'];
  const { ok, output } = run('npm', ['ci', ...flags], PATH, process.platform === 'win32');
  if (!ok) return { reason: 'The dependencies could not be installed: check that npm reaches its registry, then start again.', output };
  if (!hasDependencies())
    return { reason: 'The dependencies are not complete after `npm ci`: delete node_modules, then start again.', output };
}

function hasGenerated() {
  try {
    return readFileSync(STAMP, 'utf8') === sourceHash();
  } catch {
    return false;
  }
}

function sourceHash() {
  const hash = createHash('sha256');
  for (const file of GENERATED_FROM) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function generate() {
  const hash = sourceHash();
  rmSync(STAMP, { force: true });
  const node = at('node_modules', 'node', 'bin', 'node');
  const PATH = [at('node_modules', '.bin'), ...pathEntries()];
  const { ok, output } = run(
    existsSync(node) ? node : process.execPath,
    [at('node_modules', 'prisma', 'build', 'index.js'), 'generate'],
    PATH,
  );
  if (!ok) return { reason: 'The Prisma client could not be generated: correct prisma/schema.prisma, then start again.', output };
  writeFileSync(STAMP, hash);
}

function run(program, args, PATH, shell = false) {
  const env = { ...process.env, PATH: PATH.join(path.delimiter), CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: ROOT,
    env,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error ? error.message : ''}` };
}

function pathEntries() {
  return (process.env.PATH ?? '').split(path.delimiter);
}

/** A folder, because making one is a single step that succeeds for one process only. */
function takeLock() {
  mkdirSync(path.dirname(LOCK), { recursive: true });
  for (const deadline = Date.now() + LOCK_TIMEOUT_MS; ; ) {
    try {
      mkdirSync(LOCK);
      writeFileSync(LOCK_OWNER, String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`The folder ${path.dirname(LOCK)} cannot be written (${error.code}).`);
    }
    if (isAbandoned()) rmSync(LOCK, { recursive: true, force: true });
    else if (Date.now() > deadline) fail(`Another setup has been running for ten minutes. If none is, delete ${LOCK}.`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function isAbandoned() {
  try {
    const owner = existsSync(LOCK_OWNER) ? Number(readFileSync(LOCK_OWNER, 'utf8')) : 0;
    if (owner === 0) return Date.now() - statSync(LOCK).mtimeMs > NAMELESS_LOCK_MS;
    if (owner === process.pid) return true;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function fail(reason, output = '') {
  if (output.trim()) console.error(withoutHosts(output.trim()));
  console.error(reason);
  process.exit(1);
}

/** npm's errors name the registry, which may be a private one, and may stand in a public log. */
function withoutHosts(output) {
  const hosts = new Set(Array.from(output.matchAll(/https?:\/\/(?:[^\s/@]*@)?([^\s/:]+)/g), ([, host]) => host));
  const hidden = output.replace(/(https?:\/\/)[^\s/]+/g, '$1…').replace(/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g, '…');
  return [...hosts].reduce((text, host) => text.replaceAll(host, '…'), hidden);
}
