import type { CertificateCategory } from '../../generated/prisma/enums.ts';

const PREFIXES: Record<CertificateCategory, string> = {
  SPA_THERAPIST: 'SPT',
  MANAGER_SALARY: 'SAL',
  OFFER_LETTER: 'OFR',
  EXPERIENCE_LETTER: 'EXP',
  APPOINTMENT_LETTER: 'APT',
  INVOICE_SPA_BILL: 'INV',
  ID_CARD: 'IDC',
  DAILY_SHEET: 'DSH',
};

/**
 * The number that people read, print and type to verify a certificate: `INV-2026-0000042`. `sequence` comes from the database's
 * certificate_number_seq and alone makes the number unique; category and year help the reader.
 */
export function formatCertificateNumber(category: CertificateCategory, year: number, sequence: number | bigint): string {
  return `${PREFIXES[category]}-${year}-${String(sequence).padStart(7, '0')}`;
}
