import { ToWords } from 'to-words/en-IN';
import { Prisma } from '../../generated/prisma/client.ts';

export type Money = Prisma.Decimal;

/** What numeric(12,2) holds. */
export const MAX_MONEY = new Prisma.Decimal('9999999999.99');

/** quantity x rate, rounded to the paisa, halves up. */
export const amountOf = (quantity: Money, rate: Money): Money => quantity.times(rate).toDecimalPlaces(2, Prisma.Decimal.ROUND_HALF_UP);

export const sumOf = (amounts: readonly Money[]): Money => amounts.reduce((sum, amount) => sum.plus(amount), new Prisma.Decimal(0));

const words = new ToWords({ converterOptions: { currency: true } });

/** An amount in words, in Indian grouping: `Twelve Lakh Thirty Four Thousand Rupees And Fifty Paise Only`. */
export const inWords = (amount: Money): string => words.convert(amount.toFixed(2));
