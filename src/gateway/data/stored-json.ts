// What PostgreSQL and JavaScript can keep of a JSON value. Whatever would come back as something else is named, with its path.

import { type InputIssue, MAX_ISSUES } from '../../errors.ts';

/** Whether PostgreSQL can store a text: it has no NUL and no half of a surrogate pair. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/**
 * Why a JSON value would not be read back as it was sent: at most MAX_ISSUES, with paths from the value. Empty where it would.
 * `maxLevels`: lists and objects within each other.
 */
export function jsonIssues(value: unknown, maxLevels: number): InputIssue[] {
  const issues: InputIssue[] = [];
  const visit = (part: unknown, path: InputIssue['path']): void => {
    if (issues.length >= MAX_ISSUES) return;
    const message = flawOf(part);
    if (message) issues.push({ path, message });
    if (typeof part !== 'object' || part === null) return;
    if (path.length >= maxLevels) {
      issues.push({ path, message: `At most ${maxLevels} levels.` });
      return;
    }
    if (Array.isArray(part)) {
      for (const [i, one] of part.entries()) {
        // Of a document: a variable without a value. As a member of an object it is left out.
        if (one === undefined) issues.push({ path: [...path, i], message: 'The variable has no value.' });
        else visit(one, [...path, i]);
      }
      return;
    }
    for (const [key, one] of Object.entries(part)) {
      const at = [...path, key];
      // Prisma copies objects key by key, and an assignment to this key sets their prototype.
      if (key === '__proto__') issues.push({ path: at, message: 'A key of this name cannot be stored.' });
      else if (!isStorable(key)) issues.push({ path: at, message: 'The key contains characters that cannot be stored.' });
      else visit(one, at);
    }
  };
  visit(value, []);
  return issues.slice(0, MAX_ISSUES);
}

function flawOf(value: unknown): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : 'Contains characters that cannot be stored.';
  if (typeof value !== 'number') return undefined;
  // JSON.parse makes Infinity of a number that is too large, and another whole number of one with too many digits.
  if (!Number.isFinite(value)) return 'The number is too large.';
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return 'A whole number beyond 9007199254740991 loses digits: send it as text.';
  return undefined;
}
