import { parse } from 'content-type';
import { LRUCache } from 'lru-cache';
import { ClientError } from '../errors.ts';

export type JsonType = 'application/json' | 'application/graphql-response+json';

/** What an Accept header says of the media types that the gateway can answer with. */
export type Accepted = {
  /** Of a result that is one JSON document; undefined where the client takes none, or asks for events with a higher `q`. */
  json: JsonType | undefined;
  /** Whether a stream of server-sent events is accepted, is named by its own type, and is asked for with a higher `q` than JSON. */
  events: { isAccepted: boolean; isNamed: boolean; isPreferred: boolean };
  /** Whether a page is preferred to JSON, as browsers do that open an address. */
  page: boolean;
  /**
   * The same as an Accept header for Yoga, which knows neither `q` nor upper case and writes one document as JSON wherever a JSON type is
   * listed. Empty where nothing is accepted.
   */
  forYoga: string;
};

// Of equal ones the first is taken: clients that name none of them expect the older one.
const JSON_TYPES: readonly JsonType[] = ['application/json', 'application/graphql-response+json'];
const EVENTS = 'text/event-stream';
/** What stands for events where they are not named. */
const ANY_TEXT = 'text/*';
/** Of results that come in parts, as those with `@defer`. */
const PARTS = 'multipart/mixed';
const PAGE = 'text/html';

/** Entries of an Accept header that are read: who sends more wants something else than an answer. */
const MAX_RANGES = 100;
/** Headers whose meaning is remembered, and their length. Browsers and libraries send few different ones. */
const [MAX_REMEMBERED, MAX_REMEMBERED_LENGTH] = [100, 500];
const remembered = new LRUCache<string, Accepted>({ max: MAX_REMEMBERED });

/**
 * Reads an Accept header; one that is missing or empty accepts everything. Parameters other than `q` and `charset` are ignored: libraries
 * name versions of the incremental format there, and understand several.
 */
export function acceptedBy(accept = ''): Accepted {
  const known = remembered.get(accept);
  if (known) return known;
  const accepted = read(accept);
  if (accept.length <= MAX_REMEMBERED_LENGTH) remembered.set(accept, accepted);
  return accepted;
}

/** The media type of a result that is one JSON document; undefined where such a result is not to be answered as JSON. */
export const jsonTypeFor = (accept?: string): JsonType | undefined => acceptedBy(accept).json;

/** An Accept header that accepts what another does, but for streams. */
export const withoutStreams = (accept = '*/*'): string => `${accept || '*/*'}, ${EVENTS};q=0, ${PARTS};q=0`;

function read(accept: string): Accepted {
  const ranges = rangesOf(accept);
  const wishFor = (type: string): Wish => bestOf(ranges, type);
  const [json] = byPreference(JSON_TYPES, wishFor);
  const [events, parts] = [wishFor(EVENTS), wishFor(PARTS)];
  const isAccepted = events.quality > 0;
  const isNamed = isAccepted && events.specificity === 2;
  const isPreferred = JSON_TYPES.every((type) => events.quality > wishFor(type).quality);
  const type = isPreferred ? undefined : json;
  // Where both streams are listed, Yoga takes the multipart one; beside events alone, for a result that is one document too.
  const takesParts = parts.quality > 0 && (type === undefined ? parts.quality > events.quality : parts.quality >= events.quality);
  const listed = [...(type ? [type] : []), ...(isAccepted ? [isNamed ? EVENTS : ANY_TEXT] : []), ...(takesParts ? [PARTS] : [])];
  return {
    json: type,
    events: { isAccepted, isNamed, isPreferred },
    page: byPreference([...JSON_TYPES, PAGE], wishFor)[0] === PAGE,
    forYoga: listed.join(', '),
  };
}

/** An entry of an Accept header. `quality`: its `q`, 0 to 1. `specificity`: 2 for a type, 1 for `application/*`, 0 for what fits all. */
type Range = { type: string; quality: number; specificity: number };
type Wish = { quality: number; specificity: number; order: number };

function rangesOf(accept: string): Range[] {
  const ranges: Range[] = [];
  for (let start = 0; start < accept.length && ranges.length < MAX_RANGES; ) {
    const { type, parameters, index } = parse(accept, { comma: true, start });
    start = index + 1;
    const { q, charset } = parameters;
    if (type === '' || (charset !== undefined && !isUtf8(charset))) continue;
    ranges.push({ type, quality: qualityOf(q), specificity: type === '*/*' || type === '*' ? 0 : type.endsWith('/*') ? 1 : 2 });
  }
  return accept.trim() === '' ? [{ type: '*/*', quality: 1, specificity: 0 }] : ranges;
}

/** One that cannot be read counts as none. */
function qualityOf(q: string | undefined): number {
  const quality = q === undefined ? 1 : Number(q);
  return Number.isNaN(quality) ? 1 : Math.min(1, Math.max(0, quality));
}

/** Of the entries that fit a type, the most specific decides (RFC 9110, 12.5.1), and of equal ones the last. */
function bestOf(ranges: readonly Range[], type: string): Wish {
  let wish: Wish = { quality: 0, specificity: -1, order: 0 };
  for (const [order, range] of ranges.entries()) {
    const fits = range.specificity === 2 ? range.type === type : range.specificity === 0 || type.startsWith(range.type.slice(0, -1));
    if (fits && range.specificity >= wish.specificity) wish = { quality: range.quality, specificity: range.specificity, order };
  }
  return wish;
}

/** Those that are accepted, the most welcome first. */
function byPreference<Type extends string>(types: readonly Type[], wishFor: (type: string) => Wish): Type[] {
  const compare = (a: Wish, b: Wish) => b.quality - a.quality || b.specificity - a.specificity || a.order - b.order;
  return types.filter((type) => wishFor(type).quality > 0).toSorted((a, b) => compare(wishFor(a), wishFor(b)));
}

/** How the body of a POST is read: parameters as JSON, a document as it is, or parameters as a form. */
export type BodyForm = 'json' | 'document' | 'form';

const BODY_FORMS: Readonly<Record<string, BodyForm>> = {
  'application/json': 'json',
  'application/graphql+json': 'json',
  'application/graphql': 'document',
  'application/x-www-form-urlencoded': 'form',
};

/** Tells how a body is to be read, by its Content-Type. Throws UNSUPPORTED_MEDIA_TYPE for a type or a charset that is not known. */
export function bodyFormOf(contentType: string | undefined): BodyForm {
  const { type, charset } = typeOf(contentType);
  const form = Object.hasOwn(BODY_FORMS, type) ? BODY_FORMS[type] : undefined;
  if (!form)
    throw new ClientError(
      'UNSUPPORTED_MEDIA_TYPE',
      'The body has a media type that is not supported. Send the operation as application/json.',
    );
  if (charset !== undefined && !isUtf8(charset))
    throw new ClientError('UNSUPPORTED_MEDIA_TYPE', 'The body has a charset that is not supported. Send the operation in UTF-8.');
  return form;
}

/** The media type of a Content-Type header in small letters, empty where there is none, and its charset. */
export function typeOf(contentType = ''): { type: string; charset: string | undefined } {
  // Some clients send the header twice, which arrives as a list.
  const { type, parameters } = parse(contentType, { comma: true });
  return { type, charset: parameters.charset };
}

const isUtf8 = (charset: string) => /^utf-?8$/i.test(charset.trim());
