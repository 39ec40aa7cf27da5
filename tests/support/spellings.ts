// Texts as people type them, and the spellings that one text has in Unicode.

import { Random } from '../../prisma/seed/random.ts';

/** Letters by script: those that composition leaves apart, those that it joins, and those that are like others in width alone. */
const LETTERS: Record<string, readonly string[]> = {
  Devanagari: ['\u0958', '\u095b', '\u095c', '\u095d', '\u095e', 'स', 'का', 'की', 'त्र', '\u0931', '\u0934'],
  Bengali: ['\u09dc', '\u09dd', '\u09df', 'ক', 'ো', 'ৌ', 'ব', 'ন্দ'],
  Odia: ['\u0b5c', '\u0b5d', 'କ', 'ୋ', 'ୌ', 'ର'],
  Punjabi: ['\u0a59', '\u0a5a', '\u0a5b', '\u0a5e', '\u0a33', '\u0a36', 'ਕ', 'ੀ'],
  Tamil: ['க', 'ொ', 'ோ', 'ௌ', 'ம'],
  Malayalam: ['ക', 'ൊ', 'ോ', 'ൌ', 'മ'],
  Latin: ['é', 'ñ', 'ü', 'ậ', 'ṩ', '\u212b', 'a', 'b', 'ǭ'],
  Hangul: ['한', '글', '서', '울', '각', '\u1112\u1161\u11ab'],
  'full width': ['Ａ', 'ｂ', 'ｃ', '１', '２', 'ｶﾞ', 'ﾎﾟ'],
};

export const SCRIPTS = Object.keys(LETTERS);

/** A word of a script, of 4 to 8 letters; the same number gives the same word. */
export function wordIn(script: string, number: number): string {
  const random = new Random(1, script, number);
  const letters = LETTERS[script] as string[];
  return Array.from({ length: random.int(4, 8) }, () => random.pick(letters)).join('');
}

/** A text as it is, composed, decomposed, and both with letters of one width. */
export const spellingsOf = (text: string): string[] => [
  ...new Set([text, ...['NFC', 'NFD', 'NFKC', 'NFKD'].map((form) => text.normalize(form))]),
];
