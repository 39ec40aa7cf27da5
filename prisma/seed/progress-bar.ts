import type { WriteStream } from 'node:tty';

const WIDTH = 30;
const EVERY_MS = 80;

/** Shows how far the seed is: a bar that moves in a terminal, elsewhere one line for each kind of row. */
export function createProgressBar(output: WriteStream) {
  const number = new Intl.NumberFormat('en');
  let current = '';
  let drawnAt = 0;

  function update(done: number, total: number, what: string): void {
    if (!output.isTTY) {
      if (what !== current) output.write(`${what} ...\n`);
      current = what;
      return;
    }
    const now = Date.now();
    if (what === current && now - drawnAt < EVERY_MS && done < total) return;
    [current, drawnAt] = [what, now];
    const filled = Math.round((done / total) * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    output.cursorTo(0);
    output.write(`${bar} ${Math.floor((done / total) * 100)} %  ${number.format(done)} of ${number.format(total)} rows  ${what}`);
    output.clearLine(1);
  }

  /** Leaves the terminal's line to what follows. */
  function end(): void {
    if (!output.isTTY || current === '') return;
    output.cursorTo(0);
    output.clearLine(0);
    current = '';
  }

  return { update, end };
}
