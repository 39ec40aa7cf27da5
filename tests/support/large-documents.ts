// Documents that are short to send and much to do.

export const printed = {
  /** Each fragment spreads the next one twice: one alias and 2 to the number of levels. */
  doubling: (levels: number) =>
    `{ ...F1 } ${Array.from({ length: levels }, (_, index) => {
      const next = index + 1 < levels ? `...F${index + 2} ...F${index + 2}` : '';
      return `fragment F${index + 1} on Query { a${index}: viewer { id } ${next} }`;
    }).join('\n')}`,
  /** Each fragment leads to the next one by two lists of their own, with as many objects as the variable `n` says. */
  doublingLists: (levels: number) =>
    `query ($n: Int) { viewer { ...F1 } } ${Array.from({ length: levels }, (_, index) => {
      const next = index + 1 < levels ? `...F${index + 2}` : 'id';
      const list = (alias: string) => `${alias}: certificates(first: $n) { nodes { issuedBy { ${next} } } }`;
      return `fragment F${index + 1} on User { ${list('a')} ${list('b')} }`;
    }).join('\n')}`,
  /** Fragments that spread others in different sets at each level: merging their fields by name never comes to the same set again. */
  mingling: (levels: number) =>
    `{ viewer { ...F0 } } ${Array.from({ length: levels }, (_, index) => {
      const to = (step: number) => `...F${Math.min(levels - 1, index + step)}`;
      const list = (alias: string, spreads: string) => `${alias}: certificates { nodes { issuedBy { id ${spreads} } } }`;
      const one = index + 1 < levels ? to(1) + to(1 + ((index * 7) % 5)) : '';
      const other = index + 1 < levels ? to(2) + to(3) : '';
      return `fragment F${index} on User { ${list('a', one)} ${list('b', other)} }`;
    }).join('\n')}`,
  aliases: (count: number) => `{ ${Array.from({ length: count }, (_, index) => `a${index}: viewer { id }`).join(' ')} }`,
  nested: (levels: number) => `{${'a{'.repeat(levels - 1)}a${'}'.repeat(levels)}`,
  /** Each fragment has one field, and the next fragment below it. */
  chained: (levels: number) =>
    `{ ...F1 } ${Array.from({ length: levels }, (_, index) => `fragment F${index + 1} on T { a { ...F${index + 2} } }`).join('\n')}`,
};
