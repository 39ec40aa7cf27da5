import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { FromLoad, LoadFigures, Pace, PaceFigures, Prepared, ToLoad } from './messages.ts';

export type Load = ReturnType<typeof openLoad>;

/** Starts the process of the load. */
export function openLoad() {
  const child = fork(path.join(import.meta.dirname, 'load-process.ts'), { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const ended = once(child, 'exit');
  let isClosing = false;

  async function ask(message: ToLoad): Promise<FromLoad> {
    const answer = once(child, 'message');
    child.send(message);
    const [first] = await Promise.race([
      answer,
      ended.then(() => {
        throw new Error('The process of the load ended.');
      }),
    ]);
    return first as FromLoad;
  }

  ended.catch(() => undefined);
  child.on('exit', (code) => {
    if (!isClosing) process.exitCode = code ?? 1;
  });
  return {
    prepare: (server: string, url: string, requests: readonly Prepared[], isProxied = false) =>
      ask({
        type: 'prepare',
        server,
        url,
        requests: requests.map(({ operation, body, token, length }) => ({ operation, body, token, length })),
        isProxied,
      }),
    start: (server: string, connections: number, seed: number) => ask({ type: 'start', server, connections, seed }),
    count: async (): Promise<number> => {
      const answer = await ask({ type: 'count' });
      return answer.type === 'count' ? answer.answered : 0;
    },
    begin: () => void child.send({ type: 'begin' } satisfies ToLoad),
    end: async (): Promise<LoadFigures> => {
      const answer = await ask({ type: 'end' });
      if (answer.type !== 'figures') throw new Error('The load gave no figures.');
      return answer.figures;
    },
    stop: () => ask({ type: 'stop' }),
    pace: async (server: string, pace: Pace): Promise<PaceFigures> => {
      const answer = await ask({ type: 'pace', server, pace });
      if (answer.type !== 'paced') throw new Error('The load gave no figures.');
      return answer.figures;
    },
    close: async () => {
      isClosing = true;
      child.disconnect();
      await ended;
    },
  };
}
