/** Names of operations as labels of metrics, of which there must be few. */
export type OperationLabels = {
  /** The label of a name: the name itself where it is known or was learned, else `other`; `anonymous` for none. */
  labelOf(name: string | undefined): string;
  /** The same, but that the name, of an operation that proved valid, is learned where there is room. */
  learn(name: string | undefined): string;
};

/** Names that clients make up have no end: the first so many are told apart, the others are one. */
const MAX_NAMES = 200;
const MAX_NAME_LENGTH = 80;

/** `knownNames`: names that are always told apart, as those of a manifest. Where there are any, all others are one. */
export function createOperationLabels(knownNames: readonly string[] = []): OperationLabels {
  const names = new Set(knownNames);
  const max = names.size > 0 ? 0 : MAX_NAMES;
  const labelOf = (name: string | undefined) => (name === undefined ? 'anonymous' : names.has(name) ? name : 'other');
  return {
    labelOf,
    learn(name) {
      if (name !== undefined && names.size < max && name.length <= MAX_NAME_LENGTH) names.add(name);
      return labelOf(name);
    },
  };
}
