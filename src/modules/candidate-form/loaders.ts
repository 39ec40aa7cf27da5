import { atLeast, below, byInt, byTime, contains, equals } from '../../batching/list-options.ts';
import { listLoader } from '../../batching/lists.ts';
import { columnsLoader, countLoader, rowLoader } from '../../batching/rows.ts';
import { phoneWordSql, searchFormWithPhones } from '../../gateway/data/normal-forms.ts';

export const candidateFormById = rowLoader('CandidateForm', 'id');
/** Paths of documents: read only when a client selects one of them. */
export const documentsById = columnsLoader('CandidateForm', [
  'photo',
  'ageProof',
  'aadharFront',
  'aadharBack',
  'panCard',
  'signature',
  'otherDocuments',
]);

export const candidateFormCountByUserId = countLoader('CandidateForm', 'submittedById');

export const candidateForms = listLoader('CandidateForm', {
  byId: candidateFormById,
  orderBy: [byTime('createdAt'), byInt('id')],
  isDescending: true,
  filters: {
    spaId: equals<'CandidateForm', 'spaId'>('spaId'),
    submittedById: equals<'CandidateForm', 'submittedById'>('submittedById'),
    createdAfter: atLeast<'CandidateForm', 'createdAt'>('createdAt'),
    createdBefore: below<'CandidateForm', 'createdAt'>('createdAt'),
    search: contains(`first_name || ' ' || last_name || ' ' || ${phoneWordSql('phone_number')}`, searchFormWithPhones),
  },
});
