// What clients do, by who they are. Each write carries a marker that occurs once in the world.

import type { Random } from '../bench/load/random.ts';
import { encodeId } from '../src/graphql/ids.ts';

/** Visitors look at spas and openings, verifiers look up certificates by their numbers, members write and read what they have written. */
export type ClientRole = 'visitor' | 'verifier' | 'member';

export type Operation = {
  query: string;
  variables?: Record<string, unknown>;
  /** Of a write. */
  write?: { table: 'certificates' | 'candidate_forms'; marker: string };
  /** Whether the answer is the right one. */
  isRight: (data: Data) => boolean;
  /** What the same client does next, where the answer was right. */
  follow?: (data: Data) => Operation;
};

// biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query.
type Data = any;

/** What there is to ask for. */
export type World = { spas: number; openSpas: number; numbers: readonly string[] };

const SPAS = 'query ($first: Int) { spas(first: $first) { nodes { id name city } } }';
const SPA = 'query ($id: ID!) { spa(id: $id) { id name hiringForms(first: 2) { nodes { forRole } } } }';
const BOARD = 'query ($first: Int) { hiringForms(first: $first) { nodes { id forRole spa { name } } } }';
const VERIFY = 'query ($number: String!) { certificate(number: $number) { number holderName template { name } } }';
const NEWEST = 'query ($first: Int) { publicCertificates(first: $first) { nodes { number holderName } } }';
const ME = '{ viewer { username } }';
const FORM = 'query ($id: ID!) { node(id: $id) { ... on CandidateForm { currentAddress spa { name } } } }';
const ISSUE = 'mutation ($input: IssueCertificateInput!) { issueCertificate(input: $input) { certificate { number holderName } } }';
const SUBMIT = 'mutation ($input: SubmitCandidateFormInput!) { submitCandidateForm(input: $input) { candidateForm { id } } }';

export function nextOperation(role: ClientRole, world: World, random: Random, createMarker: () => string): Operation {
  if (role === 'visitor') return look(world, random);
  if (role === 'verifier') return random.below(4) === 0 ? newest(random) : verify(world.numbers[random.below(world.numbers.length)] ?? '');
  const dice = random.below(4);
  if (dice === 0) return { query: ME, isRight: (data) => typeof data?.viewer?.username === 'string' };
  return dice === 1 ? submit(createMarker()) : issue(createMarker());
}

function look({ spas, openSpas }: World, random: Random): Operation {
  const first = 1 + random.below(20);
  const kind = random.below(3);
  if (kind === 0) return { query: SPAS, variables: { first }, isRight: (data) => data?.spas?.nodes?.length === Math.min(first, openSpas) };
  if (kind === 1) return { query: BOARD, variables: { first }, isRight: (data) => data?.hiringForms?.nodes?.length > 0 };
  const id = encodeId('Spa', 1 + random.below(spas));
  // A spa that is closed is none.
  return { query: SPA, variables: { id }, isRight: (data) => data?.spa === null || data?.spa?.id === id };
}

function newest(random: Random): Operation {
  const first = 1 + random.below(10);
  return { query: NEWEST, variables: { first }, isRight: (data) => data?.publicCertificates?.nodes?.length === first };
}

const verify = (number: string): Operation => ({
  query: VERIFY,
  variables: { number },
  isRight: (data) => data?.certificate?.number === number,
});

function issue(marker: string): Operation {
  const details = { spaTherapist: { courseName: 'Swedish massage', startDate: '2026-01-05', endDate: '2026-03-27' } };
  const input = { templateId: encodeId('CertificateTemplate', 1), holderName: marker, isPublic: true, details };
  return {
    query: ISSUE,
    variables: { input },
    write: { table: 'certificates', marker },
    isRight: (data) => data?.issueCertificate?.certificate?.holderName === marker,
    follow: (data) => ({
      ...verify(data.issueCertificate.certificate.number),
      isRight: (read) => read?.certificate?.holderName === marker,
    }),
  };
}

function submit(marker: string): Operation {
  const input = {
    spaNameText: 'Lotus Spa',
    firstName: 'Asha',
    lastName: 'Rao',
    currentAddress: marker,
    city: 'Pune',
    state: 'Maharashtra',
    zipCode: '411001',
    phoneNumber: '9876543210',
    age: 27,
    workExperience: 'Three years at a day spa',
    therapistExperience: 'Two years of Swedish massage',
    positionAppliedFor: 'Therapist',
  };
  return {
    query: SUBMIT,
    variables: { input },
    write: { table: 'candidate_forms', marker },
    isRight: (data) => typeof data?.submitCandidateForm?.candidateForm?.id === 'string',
    follow: (data) => ({
      query: FORM,
      variables: { id: data.submitCandidateForm.candidateForm.id },
      isRight: (read) => read?.node?.currentAddress === marker,
    }),
  };
}
