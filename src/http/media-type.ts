const JSON_TYPES = ['application/graphql-response+json', 'application/json'];
const MAX_REMEMBERED = 100;
const remembered = new Map<string, string | undefined>();

/**
 * The media type of a result that is one JSON document, for an Accept header; undefined where the client takes none. It is Yoga's choice
 * (its use-result-processor): the first entry that fits, without regard to `q`, and of both types the older one.
 */
export function jsonTypeFor(accept = '*/*'): string | undefined {
  if (remembered.has(accept)) return remembered.get(accept);
  const type = choose(accept);
  if (remembered.size < MAX_REMEMBERED) remembered.set(accept, type);
  return type;
}

function choose(accept: string): string | undefined {
  for (const entry of (accept || '*/*').replaceAll(/\s/g, '').toLowerCase().split(',')) {
    const [asked = '', ...parameters] = entry.split(';');
    const charset = parameters.find((parameter) => parameter.includes('charset='));
    if (charset !== undefined && charset !== 'charset=utf-8') continue;
    const [family, kind] = asked.split('/');
    const type = JSON_TYPES.findLast((one) => (family === '*' || family === 'application') && (kind === '*' || one.endsWith(`/${kind}`)));
    if (type !== undefined) return type;
  }
  return undefined;
}
