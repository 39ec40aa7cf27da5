// Whether the variables of a request are small enough to work with. They are measured before anything coerces them, because what
// coerces and validates them calls itself for each level.

export type VariableLimits = {
  /** Lists and objects within each other, below the name of a variable: 0 for a number, 2 for a list in an object. */
  maxDepth: number;
  /** Bytes of JSON, about: strings are counted in UTF-8, without escapes. */
  maxBytes: number;
};

/** What was exceeded. `actual`: as far as it was measured, which ends beyond the limit. */
export type VariableExcess = { limit: 'depth' | 'bytes'; max: number; actual: number };

/**
 * The limit that variables exceed; undefined where they are within both. `knownBytes`: the length of the text that they came in, in
 * bytes; they have no more, and are not counted where that is within the limit.
 */
export function variablesWithin(
  variables: unknown,
  { maxDepth, maxBytes }: VariableLimits,
  knownBytes = Infinity,
): VariableExcess | undefined {
  const isCounting = knownBytes > maxBytes;
  let bytes = 0;
  // Lists and objects to visit, and how deep they lie. A stack of its own: they are deeper than calls may be.
  const open: object[] = [];
  const depths: number[] = [];
  /** Takes a value into account; true where it lies too deep. */
  const take = (value: unknown, depth: number): boolean => {
    if (typeof value === 'object' && value !== null) {
      if (depth > maxDepth) return true;
      open.push(value);
      depths.push(depth);
    } else if (isCounting) bytes += bytesOf(value);
    return false;
  };

  take(variables, 0);
  while (open.length > 0) {
    const next = open.pop() as object;
    const depth = (depths.pop() as number) + 1;
    const excess: VariableExcess = { limit: 'depth', max: maxDepth, actual: depth };
    if (isCounting) bytes += 2;
    if (Array.isArray(next)) {
      for (const value of next) {
        if (isCounting) bytes += 1;
        if (take(value, depth)) return excess;
      }
    } else {
      for (const [name, value] of Object.entries(next)) {
        if (isCounting) bytes += Buffer.byteLength(name) + 4;
        if (take(value, depth)) return excess;
      }
    }
    if (bytes > maxBytes) return { limit: 'bytes', max: maxBytes, actual: bytes };
  }
  return bytes > maxBytes ? { limit: 'bytes', max: maxBytes, actual: bytes } : undefined;
}

const bytesOf = (value: unknown): number => (typeof value === 'string' ? Buffer.byteLength(value) + 2 : String(value).length);
