/** Where two values differ, each place on a line: the whole of two answers would bury it. */
export function differencesOf(one: unknown, other: unknown, path = ''): string[] {
  const [from, to] = [JSON.stringify(one) ?? 'nothing', JSON.stringify(other) ?? 'nothing'];
  if (from === to) return [];
  if (!isObject(one) || !isObject(other)) return [`${path}: ${from} and ${to}`];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  const found = Array.from(keys).flatMap((key) => differencesOf(one[key], other[key], `${path}.${key}`));
  return found.length > 0 ? found : [`${path}: the order of ${Object.keys(one)} and ${Object.keys(other)}`];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
