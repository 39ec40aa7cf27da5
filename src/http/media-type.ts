import { MIMEType } from 'node:util';

const JSON_TYPES = ['application/graphql-response+json', 'application/json'];
const MAX_REMEMBERED = 100;
const remembered = new Map<string, string | undefined>();

/**
 * The media type of a result that is one JSON document, for an Accept header; undefined where the client takes none, or prefers an event
 * stream. It is Yoga's choice
 * (its use-result-processor): the first entry that fits, without regard to `q`, and of both types the older one.
 */
export function jsonTypeFor(accept = '*/*'): string | undefined {
  if (remembered.has(accept)) return remembered.get(accept);
  const type = choose(accept);
  if (remembered.size < MAX_REMEMBERED) remembered.set(accept, type);
  return type;
}

function choose(accept: string): string | undefined {
  if (eventStreamWishOf(accept).isPreferred) return undefined;
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

/** How a client takes an event stream (`text/event-stream`), by its Accept header. */
export type EventStreamWish = {
  /** The client takes one, if only because it takes anything. */
  isAccepted: boolean;
  /** The header names the type itself. */
  isNamed: boolean;
  /** The client prefers one to JSON. */
  isPreferred: boolean;
};

const EVENT_STREAM = 'text/event-stream';

/** Reads an Accept header, with its `q`; without one, the client takes anything. Entries that cannot be read do not count. */
export function eventStreamWishOf(accept: string | null = null): EventStreamWish {
  const ranges = rangesOf(accept || '*/*');
  const stream = qualityOf(ranges, EVENT_STREAM);
  return {
    isAccepted: stream > 0,
    isNamed: stream > 0 && ranges.some(({ essence }) => essence === EVENT_STREAM),
    isPreferred: JSON_TYPES.every((type) => stream > qualityOf(ranges, type)),
  };
}

type MediaRange = { essence: string; q: number };

function rangesOf(accept: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const [entry] of accept.matchAll(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g)) {
    try {
      const { essence, params } = new MIMEType(entry);
      if ((params.get('charset') ?? 'utf-8').toLowerCase() !== 'utf-8') continue;
      const q = Number(params.get('q') ?? 1);
      ranges.push({ essence, q: Number.isNaN(q) ? 1 : q });
    } catch {
      // Not a media range.
    }
  }
  return ranges;
}

/** RFC 9110, 12.5.1: the most specific range that matches decides. */
function qualityOf(ranges: readonly MediaRange[], type: string): number {
  for (const range of [type, type.replace(/\/.*/, '/*'), '*/*']) {
    const matching = ranges.filter(({ essence }) => essence === range);
    if (matching.length > 0) return Math.max(...matching.map(({ q }) => q));
  }
  return 0;
}
