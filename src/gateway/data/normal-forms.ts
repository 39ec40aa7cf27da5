// The normal form of each kind of text: two spellings of one text have the same one. A kind is named once, where a field is declared
// (src/graphql/validation.ts), so that what is written and what is looked for pass through the same function. Every function here is
// idempotent, and takes any string.

// What nobody sees, and some keyboards and clipboards add.
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
const BLANKS = /[\t\p{Zs}]+/gu;
/** With the minus, and what NFKC makes one of. */
const DASHES = /[\p{Pd}\u2212\u207b\u208b]/gu;

/** NFKC without what cannot be seen. What NFKC makes of some letters cannot be seen either, and what was parted by it may join. */
const compatible = (text: string) => text.normalize('NFKC').replaceAll(IGNORABLE, '').normalize('NFKC');

/** Free text: composed (NFC), and otherwise as it was typed. */
export const normalText = (text: string): string => text.normalize('NFC').trim();

/** A name or another line of text: as free text, and any run of blanks is one space. Joiners stay: they change how Indic scripts look. */
export const normalLine = (text: string): string => text.normalize('NFC').replaceAll(BLANKS, ' ').trim();

/** A username or an email address. Its case is the database's to ignore (citext). */
export const normalLogin = (text: string): string => compatible(text).trim();

/** A number or code that is printed, read and typed again: of a certificate, a bill or a place. */
export const normalReference = (text: string): string => compatible(text).replaceAll(DASHES, '-').replaceAll(BLANKS, ' ').trim();

/** A phone number: its digits, and a plus before them. */
export const normalPhone = (text: string): string => compatible(text.normalize('NFKC').replaceAll(/[\s().\p{Pd}\u2212]/gu, ''));

/** A password, as RFC 8265 has it (OpaqueString): composed, with one kind of space, and nothing else changed. */
export const normalSecret = (text: string): string => text.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');

/**
 * What keyboards and clipboards add between letters and digits: joiners, direction marks, soft hyphens, spaces without width. Fewer than
 * `IGNORABLE`: PostgreSQL knows no properties of characters, so that each is listed in SQL.
 */
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

/**
 * What text is compared by where somebody looks for it. Full width is like half width, a dash is like any other, and what cannot be seen
 * does not count. It is for comparing alone: it makes 1⁄2 of ½. `searchFormSql` is the same for what is stored.
 */
export const searchForm = (text: string): string => normalLine(text.replaceAll(UNSEEN, '').replaceAll(DASHES, '-').normalize('NFKC'));

/** In an SQL literal, `DASHES` but for the hyphen itself, and `UNSEEN`, one by one. */
const DASHES_IN_SQL = String.raw`\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead`;
const UNSEEN_IN_SQL = String.raw`\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff`;
const HYPHENS = '-'.repeat(29);

/** In an SQL literal, what `trim` removes and NFKC leaves. */
const TRIMMED = String.raw` \n\u000b\f\r\u2028\u2029\ufeff`;

/**
 * SQL for the search form of an expression, equal to `searchForm` for any text, so that a row is found whichever program wrote it. An index needs the
 * same expression. NFKC makes a space of every blank but the tab and the Ogham one.
 */
export const searchFormSql = (expression: string): string =>
  String.raw`btrim(regexp_replace(normalize(translate((${expression})::text, E'\t\u1680${DASHES_IN_SQL}${UNSEEN_IN_SQL}', '  ${HYPHENS}'), NFKC), ' {2,}', ' ', 'g'), E'${TRIMMED}')`;

/**
 * The search form where phone numbers are among what is searched: each run of digits is one word, without what people write between
 * them. `98765-43210` and `(98765) 432` find 9876543210. A run begins with a plus or where blanks and brackets begin, never within
 * them: the time that a text takes grows with its length alone.
 */
export const searchFormWithPhones = (text: string): string =>
  normalLine(
    searchForm(text).replaceAll(/(?:\+|(?<![\s(]))[\s(]*\d[\d\s().\p{Pd}\u2212]*/gu, (run) => ` ${run.replaceAll(/[^\d+]/g, '')} `),
  );

/** SQL for a phone number among what is searched: without what people write between its digits, as `searchFormWithPhones` has them. */
export const phoneWordSql = (expression: string): string =>
  String.raw`translate(normalize((${expression})::text, NFKC), E'().\t\u1680${TRIMMED}-${DASHES_IN_SQL}', '')`;
