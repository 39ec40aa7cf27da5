// One user: opens a screen, looks at it, opens the next. Who has an account signs in after some screens, and out after many.

import { setTimeout as sleep } from 'node:timers/promises';
import { demoPassword } from '../../prisma/seed/demo.ts';
import { documentOf } from '../load/phrase.ts';
import type { Random } from '../load/random.ts';
import { openBrowser, type Reply } from './browser.ts';
import type { Figures } from './figures.ts';
import { chooseScreen, type Memory, SCREENS, type Screen, SIGN_IN } from './screens.ts';
import type { Account, World } from './world.ts';

export type UserOptions = {
  url: URL;
  /** The user's number, from 0. */
  index: number;
  /** Of the user's address. */
  addressIndex: number;
  account: Account | undefined;
  world: World;
  random: Random;
  thinkMs: readonly [number, number];
  figures: Figures;
};

export type User = ReturnType<typeof createUser>;

/** Screens before somebody signs in, and until they sign out. An account is signed in to less than three times a minute. */
const SCREENS_AS_VISITOR = { least: 1, most: 10 };
const SCREENS_SIGNED_IN = { least: 60, most: 120 };

const documents = new Map([SIGN_IN, ...SCREENS.map(({ name }) => name)].map((name) => [name, documentOf(name)]));

export function createUser({ url, index, addressIndex, account, world, random, thinkMs, figures }: UserOptions) {
  const memory: Memory = { random, world, ownId: index, lists: new Map() };
  const lastOpened = new Map<string, number>();
  const browser = openBrowser(url, addressIndex, { onConnect: figures.countConnection, onRetry: figures.countRetry });
  let token: string | undefined;
  let screensLeft = between(SCREENS_AS_VISITOR);
  let timer: NodeJS.Timeout | undefined;
  let opening: Promise<void> | undefined;
  let isStopped = false;
  let isClosed = false;

  function between({ least, most }: { least: number; most: number }): number {
    return least + random.below(most - least + 1);
  }

  function planNext(afterMs: number): void {
    const dueAt = performance.now() + afterMs;
    timer = setTimeout(async () => {
      opening = open(dueAt);
      await opening;
      const [least, most] = thinkMs;
      if (!isStopped) planNext(least + random.below(most - least + 1));
    }, afterMs);
  }

  async function open(dueAt: number): Promise<void> {
    if (account && screensLeft-- <= 0) {
      screensLeft = between(token === undefined ? SCREENS_SIGNED_IN : SCREENS_AS_VISITOR);
      if (token === undefined) return signIn(account, dueAt);
      token = undefined;
      memory.lists.clear();
    }
    const screen = nextScreen();
    const reply = await ask(screen.name, screen.variables(memory), dueAt, screen.isWrite);
    const list = memory.lists.get(screen.name);
    if (reply && list) list.endCursor = /"hasNextPage":true,"endCursor":"([^"]+)"/.exec(reply.text)?.[1];
  }

  function nextScreen(): Screen {
    const kind = token === undefined || !account ? 'visitor' : account.kind;
    for (;;) {
      const screen = chooseScreen(kind, random);
      const now = performance.now();
      if (now - (lastOpened.get(screen.name) ?? Number.NEGATIVE_INFINITY) < (screen.restMs ?? 0)) continue;
      lastOpened.set(screen.name, now);
      return screen;
    }
  }

  async function signIn({ username }: Account, dueAt: number): Promise<void> {
    const reply = await ask(SIGN_IN, { input: { usernameOrEmail: username, password: demoPassword } }, dueAt, true);
    token = reply && /"token":"([^"]+)"/.exec(reply.text)?.[1];
    memory.lists.clear();
  }

  /** Undefined where the answer was an error, or none: it is counted. */
  async function ask(name: string, variables: object, dueAt: number, isWrite = false): Promise<Reply | undefined> {
    const body = JSON.stringify({ operationName: name, query: documents.get(name), variables });
    const sentAt = performance.now();
    try {
      const reply = await browser.ask(body, { token, mayRetry: !isWrite });
      const problem = problemOf(reply);
      if (problem) figures.countError(name, problem.code, problem.message);
      else figures.countAnswer(name, { milliseconds: performance.now() - dueAt, lateMs: sentAt - dueAt, isKept: reply.isKept });
      // A token that is no longer valid, as after a change of password: the user signs in again.
      if (problem?.code.endsWith('UNAUTHENTICATED') && token !== undefined) [token, screensLeft] = [undefined, between(SCREENS_AS_VISITOR)];
      return problem ? undefined : reply;
    } catch (error) {
      const { code = 'no answer', message } = error as NodeJS.ErrnoException;
      if (isClosed) figures.countError(name, 'unanswered', 'There was no answer when the load had ended and waited for it.');
      else figures.countError(name, code, message);
      return undefined;
    }
  }

  return {
    start: () => planNext(0),
    /** Opens nothing more, and waits for the answer that is under way, so long. */
    stop: async (patienceMs: number) => {
      isStopped = true;
      clearTimeout(timer);
      await Promise.race([opening, sleep(patienceMs, undefined, { ref: false })]);
      isClosed = true;
      await browser.close();
    },
  };
}

type Problem = { code: string; message: string };

/** What is wrong with an answer. One that says `errors` somewhere is read: it may be the text of a certificate. */
export function problemOf({ status, text }: Pick<Reply, 'status' | 'text'>): Problem | undefined {
  if (status === 200 && text.startsWith('{"data":') && !text.includes('"errors"')) return undefined;
  try {
    const { data, errors } = JSON.parse(text);
    if (status === 200 && data && !errors) return undefined;
    const [first] = errors;
    return { code: `${status} ${first.extensions?.code ?? ''}`.trim(), message: String(first.message) };
  } catch {
    return { code: String(status), message: text.slice(0, 200) };
  }
}
