/** What happened, in words, and whether it is what must happen. `isSkipped`: it could not be tried, and `happened` says why. */
export type Verdict = { holds: boolean; happened: string; isSkipped?: boolean };

/** What holds where nothing is wrong. `problems`: what is, in words. */
export function verdictOf(problems: readonly string[], otherwise: string): Verdict {
  const [first, ...rest] = problems;
  if (first === undefined) return { holds: true, happened: otherwise };
  return { holds: false, happened: rest.length > 0 ? `${first} (and ${rest.length} more)` : first };
}
