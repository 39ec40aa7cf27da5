/** A run that cannot be, in a sentence for whoever started it. */
export class LoadError extends Error {}
