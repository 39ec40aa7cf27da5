// The same questions in PostGraphile's words: its conditions, orders and names, with aliases where the frontend has others. It has no
// type for each category here: the certificate that is verified is asked for all details, and those of its category are kept.
// Only public certificates are verified, as the mix asks it: issuers would need a second field for their own.

import type { Arguments, Operation } from './operations.ts';
import { type Dialect, withCounts } from './phrase.ts';

const SPA = 'id: rowId code name area city state logo';
const ROW = `id: rowId number category holderName generatedAt isPublic spa { ${SPA} } template { id: rowId name variant }`;
const ISSUER = 'issuedBy { id: rowId firstName lastName }';
const NEWEST = 'orderBy: [GENERATED_AT_DESC, ROW_ID_DESC]';
const CREATED = 'orderBy: [CREATED_AT_DESC, ROW_ID_DESC]';

const documents: Record<Operation, string> = {
  TemplateGallery: `query TemplateGallery($condition: TemplateCondition, $first: Int = 24, $after: Cursor) {
    templates: allTemplates(condition: $condition, first: $first, after: $after, orderBy: [CATEGORY_ASC, VARIANT_ASC, NAME_ASC, ROW_ID_ASC]) {
      edges { cursor node { id: rowId name category variant bannerImage } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }`,
  PublicCertificates: `query PublicCertificates($condition: CertificateCondition, $first: Int = 20, $after: Cursor) {
    publicCertificates: allCertificates(condition: $condition, first: $first, after: $after, ${NEWEST}) {
      edges { node { ${ROW} ${ISSUER} } }
      pageInfo { hasNextPage endCursor }
    }
  }`,
  SpaPage: `query SpaPage($id: Int!, $after: Cursor) {
    node: spaByRowId(rowId: $id) {
      ${SPA} address pincode phoneNumber alternateNumber email website
      hiringForms(first: 10, ${CREATED}) {
        edges { node { id: rowId forRole description requiredExperience requiredEducation requiredSkills createdAt } }
      }
      certificates(first: 10, after: $after, ${NEWEST}) { edges { node { ${ROW} ${ISSUER} } } pageInfo { hasNextPage endCursor } }
    }
  }`,
  SpaDirectory: `query SpaDirectory($condition: SpaCondition, $first: Int = 20, $after: Cursor) {
    spas: allSpas(condition: $condition, first: $first, after: $after, orderBy: [NAME_ASC, ROW_ID_ASC]) {
      edges {
        node {
          ${SPA}
          openings: hiringForms(first: 2, ${CREATED}) { edges { node { id: rowId forRole staffRequired } } totalCount }
          certificates(first: 3, ${NEWEST}) { edges { node { ${ROW} } } }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }`,
  Me: `query Me($first: Int = 10) {
    viewer: signedIn {
      id: rowId username email firstName lastName role
      certificates(first: $first, ${NEWEST}) { edges { node { ${ROW} } } pageInfo { hasNextPage endCursor } }
      candidateForms(first: $first, ${CREATED}) { edges { node { id: rowId firstName lastName positionAppliedFor createdAt spa { ${SPA} } } } }
    }
  }`,
  VerifyCertificate: `query VerifyCertificate($number: String!) {
    certificate: certificateByNumber(number: $number) {
      ${ROW}
      courseName position designation startDate endDate joiningDate issueDate billDate sheetDate salary billNumber paymentMode total
      salaryInWords totalInWords duration
      months { month amount }
      items { service hsnCode quantity rate amount }
      entries { clientName service staffName amount paymentMode }
    }
  }`,
};

function variablesOf(operation: Operation, { category, spaId, templateId, city, number, after }: Arguments): object {
  if (operation === 'SpaPage') return { id: spaId };
  if (operation === 'VerifyCertificate') return { number };
  if (operation === 'Me') return {};
  const condition = { category, spaId, templateId, city };
  return { condition: Object.values(condition).some((value) => value !== undefined) ? condition : undefined, after };
}

type Certificate = Record<string, unknown> & { category: string };

/** The details of each category, by the frontend's names. Contact data is not in the view: visitors read null. */
const DETAILS: Record<string, (c: Certificate) => object> = {
  SPA_THERAPIST: ({ courseName, startDate, endDate }) => ({ courseName, startDate, endDate }),
  MANAGER_SALARY: ({ position, joiningDate, salary, salaryInWords, months }) => ({
    position,
    joiningDate,
    monthlySalary: salary,
    monthlySalaryInWords: salaryInWords,
    months,
  }),
  OFFER_LETTER: ({ position, startDate, salary }) => ({ position, joiningDate: startDate, salary }),
  EXPERIENCE_LETTER: ({ position, joiningDate, endDate, duration, salary }) => ({ position, joiningDate, endDate, duration, salary }),
  APPOINTMENT_LETTER: ({ position, startDate, salary }) => ({ position, startDate, salary }),
  INVOICE_SPA_BILL: ({ billNumber, billDate, paymentMode, items, total, totalInWords }) => ({
    billNumber,
    billDate,
    paymentMode,
    customerAddress: null,
    items,
    subtotal: total,
    amountInWords: totalInWords,
  }),
  ID_CARD: ({ designation, joiningDate, issueDate }) => ({ designation, dateOfJoining: joiningDate, contactNumber: null, issueDate }),
  DAILY_SHEET: ({ sheetDate, entries, total }) => ({ sheetDate, entries, total }),
};

function readCertificate(certificate: Certificate): object {
  const { id, number, category, holderName, generatedAt, isPublic, spa, template } = certificate;
  return { id, number, category, holderName, generatedAt, isPublic, spa, template, ...DETAILS[category]?.(certificate) };
}

export const postgraphile: Dialect = {
  phrase: (operation, args) =>
    JSON.stringify({ operationName: operation, query: documents[operation], variables: variablesOf(operation, args) }),
  read: (operation, data) => {
    if (operation !== 'VerifyCertificate') return withCounts(data);
    return { certificate: data.certificate && readCertificate(data.certificate as Certificate) };
  },
};
