import type { CertificateCategory } from '../../src/generated/prisma/enums.ts';

/** What the page of a category says. `{{name}}` stands for a field of the certificate, `{{spa.name}}` for one of its spa. */
export type Layout = {
  label: string;
  orientation: 'landscape' | 'portrait';
  fields: readonly string[];
  text: readonly string[];
  /** A table with a row for each entry of the list `each`. */
  table?: { each: string; columns: readonly (readonly [heading: string, field: string])[] };
};

export const LAYOUTS: Record<CertificateCategory, Layout> = {
  SPA_THERAPIST: {
    label: 'Spa Therapist Certificate',
    orientation: 'landscape',
    fields: ['holderName', 'courseName', 'startDate', 'endDate'],
    text: [
      'This is to certify that <strong>{{holderName}}</strong> has successfully completed the course <em>{{courseName}}</em>, held from {{startDate}} to {{endDate}}.',
      'During the training the candidate showed skill in therapy, hygiene and the care of guests, and passed the practical and the written assessment.',
    ],
  },
  MANAGER_SALARY: {
    label: 'Salary Certificate',
    orientation: 'portrait',
    fields: ['holderName', 'position', 'joiningDate', 'monthlySalary'],
    text: [
      'This is to certify that <strong>{{holderName}}</strong> is employed with {{spa.name}} as {{position}} since {{joiningDate}} and draws a monthly salary of ₹{{monthlySalary}}.',
      'The salary paid in the last six months is given below. This certificate is issued at the request of the employee, without any liability on our part.',
    ],
    table: {
      each: 'months',
      columns: [
        ['Month', 'month'],
        ['Amount (₹)', 'amount'],
      ],
    },
  },
  OFFER_LETTER: {
    label: 'Offer Letter',
    orientation: 'portrait',
    fields: ['holderName', 'position', 'joiningDate', 'salary'],
    text: [
      'Dear <strong>{{holderName}}</strong>,',
      'With reference to your application and the interview that followed, we are pleased to offer you the position of {{position}} at a monthly salary of ₹{{salary}}. You are requested to join on {{joiningDate}}.',
      'Please bring your original documents, two photographs and the signed copy of this letter with you.',
    ],
  },
  EXPERIENCE_LETTER: {
    label: 'Experience Letter',
    orientation: 'portrait',
    fields: ['holderName', 'position', 'joiningDate', 'endDate', 'duration'],
    text: [
      'To whom it may concern',
      'This is to certify that <strong>{{holderName}}</strong> worked with {{spa.name}} as {{position}} from {{joiningDate}} to {{endDate}}, for {{duration}}. {{performanceNote}}',
      'We wish {{holderName}} every success.',
    ],
  },
  APPOINTMENT_LETTER: {
    label: 'Appointment Letter',
    orientation: 'portrait',
    fields: ['holderName', 'position', 'startDate', 'salary'],
    text: [
      'Dear <strong>{{holderName}}</strong>,',
      'We are pleased to appoint you as {{position}} at {{spa.name}} with effect from {{startDate}}, at a monthly salary of ₹{{salary}}, on the terms that follow.',
    ],
  },
  INVOICE_SPA_BILL: {
    label: 'Spa Bill',
    orientation: 'portrait',
    fields: ['billNumber', 'billDate', 'holderName', 'paymentMode', 'total'],
    text: [
      'Bill No. {{billNumber}} dated {{billDate}}',
      'Billed to <strong>{{holderName}}</strong>, {{customerAddress}}. Paid by {{paymentMode}}.',
    ],
    table: {
      each: 'items',
      columns: [
        ['Service', 'service'],
        ['HSN / SAC', 'hsnCode'],
        ['Qty', 'quantity'],
        ['Rate (₹)', 'rate'],
        ['Amount (₹)', 'amount'],
      ],
    },
  },
  ID_CARD: {
    label: 'Identity Card',
    orientation: 'landscape',
    fields: ['holderName', 'designation', 'dateOfJoining', 'contactNumber', 'issueDate'],
    text: [
      '<strong>{{holderName}}</strong>',
      '{{designation}}, {{spa.name}}',
      'Joined {{dateOfJoining}}. Contact {{contactNumber}}. Issued {{issueDate}}.',
    ],
  },
  DAILY_SHEET: {
    label: 'Daily Sheet',
    orientation: 'landscape',
    fields: ['sheetDate', 'total'],
    text: ['Daily sheet of {{spa.name}} for {{sheetDate}}'],
    table: {
      each: 'entries',
      columns: [
        ['Client', 'clientName'],
        ['Service', 'service'],
        ['Staff', 'staffName'],
        ['Amount (₹)', 'amount'],
        ['Mode', 'paymentMode'],
        ['Remark', 'remark'],
      ],
    },
  },
};
