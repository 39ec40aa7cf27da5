import { hash } from 'node:crypto';

/** Longer keys are told apart by their hash, which is longer than any key that is kept as it is. */
const MAX_LENGTH = 60;

/** A key as short as it may be kept or sent, whoever chose it. Different keys stay different. */
export const boundedKey = (key: string): string => (key.length <= MAX_LENGTH ? key : `hash:${hash('sha256', key, 'hex')}`);
