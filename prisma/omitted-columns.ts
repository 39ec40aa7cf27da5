import type { Prisma } from '../src/generated/prisma/client.ts';

/**
 * Columns that no row carries: the heavy and the many ones, read by loaders of their own only when a client selects one of them, and
 * the secret one, read only where a password is verified. One list for Prisma's client, for the batched statements and for the types of rows.
 */
export const omittedColumns = {
  user: { passwordHash: true },
  certificateTemplate: { html: true, config: true },
  certificate: {
    spaSnapshot: true,
    courseName: true,
    position: true,
    designation: true,
    startDate: true,
    endDate: true,
    joiningDate: true,
    issueDate: true,
    billDate: true,
    sheetDate: true,
    salary: true,
    performanceNote: true,
    billNumber: true,
    paymentMode: true,
    cardLastFour: true,
    customerAddress: true,
    contactNumber: true,
    total: true,
    photo: true,
    signature: true,
  },
  candidateForm: { photo: true, ageProof: true, aadharFront: true, aadharBack: true, panCard: true, signature: true, otherDocuments: true },
} as const satisfies Prisma.GlobalOmitConfig;
