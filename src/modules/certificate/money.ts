import { ToWords } from 'to-words/en-IN';
import { Prisma } from '../../generated/prisma/client.ts';

export type Money = Prisma.Decimal;

/** What numeric(12,2) holds. */
export const MAX_MONEY = new Prisma.Decimal('9999999999.99');

/** quantity x rate, rounded to the paisa, halves up. */
export const amountOf = (quantity: Money, rate: Money): Money => quantity.times(rate).toDecimalPlaces(2, Prisma.Decimal.ROUND_HALF_UP);

export const sumOf = (amounts: readonly Money[]): Money => amounts.reduce((sum, amount) => sum.plus(amount), new Prisma.Decimal(0));

const words = new ToWords({ converterOptions: { currency: true } });

const CRORE = 10_000_000;

/** An amount in words, in lakh and crore: `Twelve Lakh Thirty Four Thousand Rupees And Fifty Paise Only`. */
export function inWords(amount: Money): string {
  // PostgreSQL's numeric has NaN: one such bill must not take the list with it.
  if (!amount.isFinite()) return 'Not an Amount';
  const crores = amount.divToInt(CRORE);
  if (crores.lt(100)) return words.convert(amount.toFixed(2));
  // The library counts on in arab; bills count on in crore: `Nine Hundred Crore …`.
  const rest = words
    .convert(amount.minus(crores.times(CRORE)).toFixed(2))
    .replace(/^Zero /, '')
    .replace(/^One Rupee\b/, 'One Rupees');
  return `${words.convert(crores.toFixed(), { currency: false })} Crore ${rest}`;
}
