import type { RowOf } from './copy.ts';

export const CERTIFICATES = {
  name: 'certificates',
  columns: [
    'id',
    'number',
    'category',
    'template_id',
    'spa_id',
    'holder_name',
    'issued_by_id',
    'is_public',
    'generated_at',
    'spa_snapshot',
    'course_name',
    'position',
    'designation',
    'start_date',
    'end_date',
    'joining_date',
    'issue_date',
    'bill_date',
    'sheet_date',
    'salary',
    'performance_note',
    'bill_number',
    'payment_mode',
    'card_last_four',
    'customer_address',
    'contact_number',
    'total',
    'photo',
    'signature',
  ],
} as const;

export const SALARY_MONTHS = { name: 'salary_months', columns: ['certificate_id', 'position', 'month', 'amount'] } as const;

export const INVOICE_ITEMS = {
  name: 'invoice_items',
  columns: ['certificate_id', 'position', 'service', 'hsn_code', 'quantity', 'rate', 'amount'],
} as const;

export const DAILY_SHEET_ENTRIES = {
  name: 'daily_sheet_entries',
  columns: ['certificate_id', 'position', 'client_name', 'service', 'staff_name', 'amount', 'payment_mode', 'remark'],
} as const;

export type CertificateRow = RowOf<typeof CERTIFICATES>;

/** The rows that hang on certificates. */
export type Children = {
  salaryMonths: RowOf<typeof SALARY_MONTHS>[];
  invoiceItems: RowOf<typeof INVOICE_ITEMS>[];
  dailySheetEntries: RowOf<typeof DAILY_SHEET_ENTRIES>[];
};
