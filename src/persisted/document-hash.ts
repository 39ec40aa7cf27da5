import { createHash } from 'node:crypto';

/** What a document is known by: the SHA-256 of its text in UTF-8, as 64 small hexadecimal digits. */
export const documentHash = (text: string) => createHash('sha256').update(text).digest('hex');
