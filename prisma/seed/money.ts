import type { Random } from './random.ts';

/** Money is counted in whole paise here: binary fractions would round some amounts otherwise than the database does. */
export type Paise = number;

export function rupees(paise: Paise): string {
  return `${Math.floor(paise / 100)}.${String(paise % 100).padStart(2, '0')}`;
}

/** quantity x rate to the nearest paisa, halves up, as numeric's round does. */
export function amountOf(tenths: number, rate: Paise): Paise {
  return Math.floor((tenths * rate + 5) / 10);
}

/** A monthly salary, in steps of 500 rupees. */
export function salary(random: Random, minRupees: number, maxRupees: number): Paise {
  return random.int(minRupees / 500, maxRupees / 500) * 50_000;
}
