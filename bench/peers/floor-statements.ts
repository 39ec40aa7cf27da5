// One SQL statement for each operation, which builds the whole answer as JSON in PostgreSQL.

export type Statement = { name: string; text: string; values: unknown[] };

export type Variables = {
  category?: string;
  spaId?: number;
  templateId?: number;
  city?: string;
  number?: string;
  userId?: number;
  after?: string;
};

const SPA = `json_build_object('id', s.id, 'code', s.code, 'name', s.name, 'area', s.area, 'city', s.city, 'state', s.state, 'logo', s.logo)`;
const ISSUER = `case when u.id is not null then json_build_object('id', u.id, 'firstName', u.first_name, 'lastName', u.last_name) end`;
const ROW = `'id', c.id, 'number', c.number, 'category', c.category, 'holderName', c.holder_name, 'generatedAt', c.generated_at,
  'isPublic', c.is_public, 'spa', case when s.id is not null then ${SPA} end,
  'template', case when t.id is not null then json_build_object('id', t.id, 'name', t.name, 'variant', t.variant) end`;
const JOINS = `left join spas s on s.id = c.spa_id and s.is_active
  left join certificate_templates t on t.id = c.template_id and t.is_active and t.is_public`;
const NEWEST = 'order by c.generated_at desc, c.id desc';

/** A page as a connection. `rows`: SQL that gives `node` and `mark`, in order, one more than the page has. */
const connection = (rows: string, size: number) => `select json_build_object(
    'edges', coalesce(json_agg(json_build_object('node', node) order by n) filter (where n <= ${size}), '[]'),
    'pageInfo', json_build_object('hasNextPage', count(*) > ${size}, 'endCursor', max(mark) filter (where n = least(${size}, total)))) as page
  from (select node, mark, n, count(*) over () as total from (${rows}) r) r`;

/** The columns that a page needs are few: the others stay in the table. */
const certificates = (where: string, size: number, issuer: boolean) => `
  select row_number() over (${NEWEST}) as n, c.generated_at || '|' || c.id as mark,
    json_build_object(${ROW}${issuer ? `, 'issuedBy', ${ISSUER}` : ''}) as node
  from (select id, number, category, holder_name, generated_at, is_public, spa_id, template_id, issued_by_id
        from certificates c where ${where} ${NEWEST} limit ${size + 1}) c
  ${JOINS} ${issuer ? 'left join users u on u.id = c.issued_by_id' : ''}`;

export function gallery({ category }: Variables): Statement {
  const where = `is_public and is_active${category ? ' and category = $1' : ''}`;
  return {
    name: `gallery ${category ? 'category' : ''}`,
    text: `select json_build_object('templates', json_build_object(
        'edges', coalesce(json_agg(json_build_object('cursor', n::text, 'node', node) order by n) filter (where n <= 24), '[]'),
        'pageInfo', json_build_object('hasNextPage', count(*) > 24, 'hasPreviousPage', false,
          'startCursor', min(n)::text, 'endCursor', least(24, max(n))::text),
        'totalCount', (select json_build_object('value', least(count(*), 10000), 'isExact', count(*) <= 10000)
          from (select 1 from certificate_templates where ${where} limit 10001) counted)))::text as data
      from (select row_number() over () as n, json_build_object('id', id, 'name', name, 'category', category, 'variant', variant, 'bannerImage', banner_image) as node
        from (select id, name, category, variant, banner_image from certificate_templates where ${where}
              order by category, (variant is null), coalesce(variant, ''), name, id limit 25) t) r`,
    values: category ? [category] : [],
  };
}

export function publicCertificates({ category, spaId, templateId, after }: Variables): Statement {
  const values: unknown[] = [];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const where = ['is_public'];
  if (category) where.push(`category = ${parameter(category)}`);
  if (spaId) where.push(`spa_id = ${parameter(spaId)}`);
  if (templateId) where.push(`template_id = ${parameter(templateId)}`);
  if (after) where.push(`(generated_at, id) < (${after.split('|').map(parameter).join(', ')})`);
  return {
    name: `public ${where.length} ${category ? 'c' : ''}${spaId ? 's' : ''}${templateId ? 't' : ''}${after ? 'a' : ''}`,
    text: `select json_build_object('publicCertificates', page)::text as data from (${connection(certificates(where.join(' and '), 20, true), 20)}) p`,
    values,
  };
}

export const spaPage = ({ spaId }: Variables): Statement => ({
  name: 'spa page',
  text: `select json_build_object('node', (select json_build_object(
      'id', s.id, 'code', s.code, 'name', s.name, 'area', s.area, 'city', s.city, 'state', s.state, 'logo', s.logo,
      'address', s.address, 'pincode', s.pincode, 'phoneNumber', s.phone_number, 'alternateNumber', s.alternate_number,
      'email', s.email, 'website', s.website,
      'hiringForms', json_build_object('edges', coalesce((select json_agg(json_build_object('node', json_build_object(
          'id', h.id, 'forRole', h.for_role, 'description', h.description, 'requiredExperience', h.required_experience,
          'requiredEducation', h.required_education, 'requiredSkills', h.required_skills, 'createdAt', h.created_at)))
        from (select * from hiring_forms where spa_id = s.id order by created_at desc, id desc limit 10) h), '[]')),
      'certificates', (${connection(certificates('is_public and c.spa_id = $1', 10, true), 10)}))
    from spas s where s.id = $1 and s.is_active))::text as data`,
  values: [spaId],
});

export function directory({ city, after }: Variables): Statement {
  const values: unknown[] = [];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const where = ['is_active'];
  if (city) where.push(`city = ${parameter(city)}`);
  if (after) where.push(`(name, id) > (${(JSON.parse(after) as unknown[]).map(parameter).join(', ')})`);
  const rows = `select row_number() over (order by s.name, s.id) as n, json_build_array(s.name, s.id)::text as mark, json_build_object(
      'id', s.id, 'code', s.code, 'name', s.name, 'area', s.area, 'city', s.city, 'state', s.state, 'logo', s.logo,
      'openings', json_build_object(
        'edges', coalesce((select json_agg(json_build_object('node', json_build_object('id', h.id, 'forRole', h.for_role, 'staffRequired', h.staff_required)))
          from (select id, for_role, staff_required from hiring_forms where spa_id = o.id order by created_at desc, id desc limit 2) h), '[]'),
        'totalCount', (select json_build_object('value', least(count(*), 10000), 'isExact', count(*) <= 10000)
          from (select 1 from hiring_forms where spa_id = o.id limit 10001) counted)),
      'certificates', json_build_object('edges', coalesce((select json_agg(json_build_object('node', node) order by n)
        from (${certificates('is_public and c.spa_id = o.id', 2, false)}) c), '[]'))) as node
    from (select * from spas where ${where.join(' and ')} order by name, id limit 21) s cross join lateral (select s.id) o`;
  return {
    name: `directory ${city ? 'c' : ''}${after ? 'a' : ''}`,
    text: `select json_build_object('spas', page)::text as data from (${connection(rows, 20)}) p`,
    values,
  };
}

export const me = ({ userId }: Variables): Statement => ({
  name: 'me',
  text: `select json_build_object('viewer', json_build_object(
      'id', v.id, 'username', v.username, 'email', v.email, 'firstName', v.first_name, 'lastName', v.last_name, 'role', v.role,
      'certificates', (${connection(certificates('c.issued_by_id = $1', 10, false), 10)}),
      'candidateForms', json_build_object('edges', coalesce((select json_agg(json_build_object('node', json_build_object(
          'id', f.id, 'firstName', f.first_name, 'lastName', f.last_name, 'positionAppliedFor', f.position_applied_for, 'createdAt', f.created_at,
          'spa', case when s.id is not null then ${SPA} end)) order by f.created_at desc, f.id desc)
        from (select * from candidate_forms where submitted_by_id = $1 order by created_at desc, id desc limit 10) f
        left join spas s on s.id = f.spa_id and s.is_active), '[]'))))::text as data
    from users v where v.id = $1 and v.is_active and v.tokens_valid_from <= $2::timestamptz`,
  values: [userId],
});

const lines = (as: string, table: string, fields: string) =>
  `'${as}', (select json_agg(json_build_object(${fields}) order by l.position) from ${table} l where l.certificate_id = c.id)`;

/** For visitors, as the mix asks it. Amounts in words and durations are added by the handler: SQL is no language for them. */
export const verify = ({ number }: Variables): Statement => ({
  name: 'verify',
  text: `select json_build_object(${ROW}, 'extra', case c.category
      when 'SPA_THERAPIST' then json_build_object('courseName', c.course_name, 'startDate', c.start_date, 'endDate', c.end_date)
      when 'MANAGER_SALARY' then json_build_object('position', c.position, 'joiningDate', c.joining_date, 'monthlySalary', c.salary::text,
        ${lines('months', 'salary_months', `'month', l.month, 'amount', l.amount::text`)})
      when 'OFFER_LETTER' then json_build_object('position', c.position, 'joiningDate', c.start_date, 'salary', c.salary::text)
      when 'EXPERIENCE_LETTER' then json_build_object('position', c.position, 'joiningDate', c.joining_date, 'endDate', c.end_date, 'salary', c.salary::text)
      when 'APPOINTMENT_LETTER' then json_build_object('position', c.position, 'startDate', c.start_date, 'salary', c.salary::text)
      when 'INVOICE_SPA_BILL' then json_build_object('billNumber', c.bill_number, 'billDate', c.bill_date, 'paymentMode', c.payment_mode,
        'customerAddress', null, 'subtotal', c.total::text,
        ${lines('items', 'invoice_items', `'service', l.service, 'hsnCode', l.hsn_code, 'quantity', l.quantity::text, 'rate', l.rate::text, 'amount', l.amount::text`)})
      when 'ID_CARD' then json_build_object('designation', c.designation, 'dateOfJoining', c.joining_date, 'contactNumber', null, 'issueDate', c.issue_date)
      else json_build_object('sheetDate', c.sheet_date, 'total', c.total::text,
        ${lines('entries', 'daily_sheet_entries', `'clientName', l.client_name, 'service', l.service, 'staffName', l.staff_name, 'amount', l.amount::text, 'paymentMode', l.payment_mode`)})
      end) as certificate
    from certificates c ${JOINS} where c.number = $1 and c.is_public`,
  values: [number],
});
