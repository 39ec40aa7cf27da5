// The playground's tabs: every operation of examples.graphql, with variables that fit the demo data, so that each runs as it is.

import { readFileSync } from 'node:fs';
import { type DocumentNode, Kind, parse, print, separateOperations } from 'graphql';
import { demoId } from '../../prisma/seed/demo.ts';
import type { Role } from '../generated/prisma/enums.ts';
import { encodeId } from '../graphql/ids.ts';
import type { Example } from '../plugins/use-playground.ts';

const document = parse(readFileSync(new URL('examples.graphql', import.meta.url), 'utf8'));

const SPA = encodeId('Spa', 1);

/** Whether the demo's user of a role sends the operation, and its variables. */
const settings: Record<string, { as?: Role; variables?: Record<string, unknown> }> = {
  TemplateGallery: { variables: { filter: { category: 'INVOICE_SPA_BILL' } } },
  PublicCertificates: { variables: { filter: { category: 'ID_CARD' }, first: 5 } },
  VerifyCertificate: { variables: { number: 'INV-2023-0000001' } },
  SpaDirectory: { variables: { first: 5 } },
  SpaPage: { variables: { id: SPA } },
  JobBoard: { variables: { first: 5 } },
  SignIn: { variables: { input: { usernameOrEmail: 'user', password: 'convoy-demo' } } },
  SignUp: {
    variables: {
      input: { username: 'asha', email: 'asha@convoy.example', password: 'a long password', firstName: 'Asha', lastName: 'Rao' },
    },
  },
  Me: { as: 'USER', variables: { first: 5 } },
  IssueCertificate: {
    as: 'USER',
    variables: {
      input: {
        templateId: encodeId('CertificateTemplate', 1),
        holderName: 'Asha Rao',
        isPublic: true,
        details: { spaTherapist: { courseName: 'Swedish massage', startDate: '2026-01-05', endDate: '2026-03-27' } },
      },
    },
  },
  SubmitCandidateForm: {
    as: 'USER',
    variables: {
      input: {
        spaId: SPA,
        firstName: 'Asha',
        lastName: 'Rao',
        currentAddress: '12 Lake Road',
        city: 'Pune',
        state: 'Maharashtra',
        zipCode: '411001',
        phoneNumber: '9876543210',
        age: 27,
        workExperience: 'Three years at a day spa',
        therapistExperience: 'Two years of Swedish massage',
        positionAppliedFor: 'Therapist',
      },
    },
  },
  CandidateInbox: { as: 'HR', variables: { first: 5 } },
  PostHiringForm: {
    as: 'SPA_MANAGER',
    variables: {
      input: {
        spaId: SPA,
        forRole: 'Therapist',
        staffRequired: 2,
        description: 'Ayurvedic treatments for guests of the hotel',
        requiredExperience: 'One year',
        requiredEducation: 'A certificate of a course for therapists',
        requiredSkills: 'Abhyanga, Shirodhara',
      },
    },
  },
  SaveSpa: { as: 'ADMIN', variables: { input: { name: 'Lotus Spa', city: 'Pune', state: 'Maharashtra' } } },
  SaveTemplate: {
    as: 'ADMIN',
    variables: { input: { name: 'Plain', category: 'ID_CARD', kind: 'HTML', html: '<h1>{{holderName}}</h1>' } },
  },
  Dashboard: { as: 'ADMIN' },
  AdminUsers: { as: 'ADMIN', variables: { first: 10 } },
  SaveUser: {
    as: 'ADMIN',
    variables: {
      input: {
        username: 'ravi',
        email: 'ravi@convoy.example',
        password: 'a long password',
        firstName: 'Ravi',
        lastName: 'Iyer',
        role: 'HR',
      },
    },
  },
  CertificateIssued: {},
  DeleteCertificate: { as: 'ADMIN', variables: { id: encodeId('SpaTherapistCertificate', 3) } },
};

/** One example for each operation, in the order of the file. */
export const examples: readonly Example[] = toExamples(document);

function toExamples(all: DocumentNode): Example[] {
  return Object.entries(separateOperations(all)).map(([name, operation]) => {
    const { as, variables = {} } = settings[name] ?? {};
    // The operation first: a tab is named for it.
    const definitions = operation.definitions.toSorted(
      (a, b) => Number(b.kind === Kind.OPERATION_DEFINITION) - Number(a.kind === Kind.OPERATION_DEFINITION),
    );
    return { query: print({ ...operation, definitions }), variables, userId: as === undefined ? undefined : demoId(as) };
  });
}
