import type { CertificateCategory } from '../../generated/prisma/enums.ts';
import type { Details } from './loaders.ts';

/** How a detail is typed, checked and shown. `contact`: text that only the issuer and staff see; `file`: a path of theirs. */
type DetailKind = 'text' | 'reference' | 'longText' | 'date' | 'money' | 'paymentMode' | 'phone' | 'contact' | 'file' | 'card';

export type Detail = {
  column: keyof Details;
  kind: DetailKind;
  description: string;
  isRequired?: boolean;
  /** Whether clients may read null although it is required: one document that selects it of several types needs one type for it. */
  isNullable?: boolean;
  /** The value when none is given. */
  default?: string;
  /** The name in the input, where it differs from the one that is shown. */
  inputName?: string;
};

export type Category = {
  /** The GraphQL type. */
  type: string;
  /** The member of the details input. */
  member: string;
  /** What a client reads of the type. */
  description: string;
  /** Whether a certificate of the category names a spa. */
  spa: 'required' | 'optional' | 'none';
  /** Who the holder is, for descriptions and messages. A daily sheet is held by its spa. */
  holder: string;
  details: Readonly<Record<string, Detail>>;
  /** Two details that run forward. */
  forward?: readonly [start: string, end: string];
  /** What repeats, in a table of its own. */
  lines?: 'months' | 'items' | 'entries';
};

const required = true;
const position: Detail = { column: 'position', kind: 'text', isRequired: required, description: 'The position held.' };
const salary: Detail = {
  column: 'salary',
  kind: 'money',
  isRequired: required,
  isNullable: true,
  description: 'The salary, in INR a month.',
};
const signature: Detail = { column: 'signature', kind: 'file', description: 'Path of the signature. For the issuer and staff.' };
const photo: Detail = { column: 'photo', kind: 'file', description: 'Path of the photo. For the issuer and staff.' };
const startDate: Detail = { column: 'startDate', kind: 'date', isRequired: required, description: 'The first day.' };
const endDate: Detail = { column: 'endDate', kind: 'date', isRequired: required, description: 'The last day, not before the first.' };
const joiningDate: Detail = { column: 'joiningDate', kind: 'date', isRequired: required, description: 'The day of joining.' };

/** The eight categories: every rule that differs between them. */
export const categories: Readonly<Record<CertificateCategory, Category>> = {
  SPA_THERAPIST: {
    type: 'SpaTherapistCertificate',
    member: 'spaTherapist',
    description: 'Certifies that a candidate has completed a course for spa therapists.',
    spa: 'none',
    holder: 'candidate',
    details: {
      courseName: { column: 'courseName', kind: 'text', isRequired: required, description: 'The course that was completed.' },
      startDate,
      endDate,
      photo,
      signature,
    },
    forward: ['startDate', 'endDate'],
  },
  MANAGER_SALARY: {
    type: 'ManagerSalaryCertificate',
    member: 'managerSalary',
    description: 'Certifies what a manager earns.',
    spa: 'required',
    holder: 'manager',
    details: {
      position: { ...position, isRequired: false, default: 'Manager', description: 'The position held; Manager by default.' },
      joiningDate,
      monthlySalary: { ...salary, isNullable: false },
    },
    lines: 'months',
  },
  OFFER_LETTER: {
    type: 'OfferLetter',
    member: 'offerLetter',
    description: 'Offers a position.',
    spa: 'optional',
    holder: 'employee',
    details: {
      position,
      joiningDate: { ...startDate, inputName: 'startDate', description: 'The day on which the work begins.' },
      salary,
      signature,
    },
  },
  EXPERIENCE_LETTER: {
    type: 'ExperienceLetter',
    member: 'experienceLetter',
    description: 'Certifies how long somebody has worked, and as what.',
    spa: 'required',
    holder: 'candidate',
    details: {
      position,
      joiningDate,
      endDate,
      salary: { ...salary, isRequired: false },
      performanceNote: { column: 'performanceNote', kind: 'longText', description: 'A note about the performance.' },
    },
    forward: ['joiningDate', 'endDate'],
  },
  APPOINTMENT_LETTER: {
    type: 'AppointmentLetter',
    member: 'appointmentLetter',
    description: 'Appoints somebody to a position.',
    spa: 'required',
    holder: 'employee',
    details: { position, startDate, salary, signature },
  },
  INVOICE_SPA_BILL: {
    type: 'Invoice',
    member: 'invoice',
    description: 'A bill of a spa.',
    spa: 'required',
    holder: 'customer',
    details: {
      billNumber: {
        column: 'billNumber',
        kind: 'reference',
        isRequired: required,
        description: 'The number of the bill, unique within the spa.',
      },
      billDate: { column: 'billDate', kind: 'date', isRequired: required, description: 'The date of the bill.' },
      paymentMode: { column: 'paymentMode', kind: 'paymentMode', isRequired: required, description: 'How the bill is paid.' },
      cardLastFour: {
        column: 'cardLastFour',
        kind: 'card',
        inputName: 'cardNumber',
        description: 'The last four digits of the card; no more is kept. For the issuer and staff.',
      },
      customerAddress: {
        column: 'customerAddress',
        kind: 'contact',
        description: 'The address of the customer. For the issuer and staff.',
      },
    },
    lines: 'items',
  },
  ID_CARD: {
    type: 'IdCard',
    member: 'idCard',
    description: 'Identifies somebody who works at a spa.',
    spa: 'required',
    holder: 'candidate',
    details: {
      designation: { column: 'designation', kind: 'text', isRequired: required, description: 'The designation on the card.' },
      dateOfJoining: joiningDate,
      contactNumber: {
        column: 'contactNumber',
        kind: 'phone',
        isRequired: required,
        description: 'The phone number of the holder. For the issuer and staff.',
      },
      issueDate: { column: 'issueDate', kind: 'date', description: 'The day of issue; today, in India, by default.' },
      photo,
    },
  },
  DAILY_SHEET: {
    type: 'DailySheet',
    member: 'dailySheet',
    description: 'What a spa earned on one day.',
    spa: 'required',
    holder: 'spa',
    details: { sheetDate: { column: 'sheetDate', kind: 'date', isRequired: required, description: 'The day of the sheet.' } },
    lines: 'entries',
  },
};
