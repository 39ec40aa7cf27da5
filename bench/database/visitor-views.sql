-- What PostGraphile serves: it has no rules of its own and shows what a schema shows. Views are the cheaper of the two ways that its
-- makers name; the other, row-level security, needs a transaction and a setting of the viewer around each request.
drop schema if exists visitor cascade;
create schema visitor;

create view visitor.spas as
  select id, code, name, area, city, state, logo, address, pincode, phone_number, alternate_number, email, website from public.spas where is_active;
create view visitor.templates as
  select id, name, category, variant, banner_image from public.certificate_templates where is_public and is_active;
create view visitor.hiring_forms as
  select id, spa_id, for_role, staff_required, description, required_experience, required_education, required_skills, created_at from public.hiring_forms;
-- What everybody sees of who has issued something public.
create view visitor.issuers as select id, first_name, last_name from public.users;
create view visitor.certificates as
  select id, number, category, template_id, spa_id, holder_name, issued_by_id, is_public, generated_at, course_name, "position", designation,
    start_date, end_date, joining_date, issue_date, bill_date, sheet_date, salary, bill_number, payment_mode, total
  from public.certificates where is_public;
create view visitor.salary_months as select * from public.salary_months;
create view visitor.invoice_items as select * from public.invoice_items;
create view visitor.daily_sheet_entries as select * from public.daily_sheet_entries;

-- The viewer and what is theirs: no fields of the query, reached through `viewer` alone.
create view visitor.viewers as
  select id, username, email, first_name, last_name, role, tokens_valid_from from public.users where is_active;
create view visitor.own_certificates as
  select id, number, category, template_id, spa_id, holder_name, issued_by_id, is_public, generated_at from public.certificates;
create view visitor.own_candidate_forms as
  select id, spa_id, submitted_by_id, first_name, last_name, position_applied_for, created_at from public.candidate_forms;

comment on view visitor.spas is E'@primaryKey id';
comment on view visitor.templates is E'@primaryKey id';
comment on view visitor.hiring_forms is E'@primaryKey id\n@behavior -query:resource:list -query:resource:connection -query:resource:single\n@foreignKey (spa_id) references visitor.spas (id)|@foreignFieldName hiringForms';
comment on view visitor.issuers is E'@primaryKey id\n@behavior -query:resource:list -query:resource:connection -query:resource:single';
comment on view visitor.certificates is E'@primaryKey id\n@unique number\n@foreignKey (spa_id) references visitor.spas (id)|@fieldName spa|@foreignFieldName certificates\n@foreignKey (template_id) references visitor.templates (id)|@fieldName template\n@foreignKey (issued_by_id) references visitor.issuers (id)|@fieldName issuedBy|@behavior -manyRelation:resource:connection';
comment on view visitor.salary_months is E'@primaryKey certificate_id,position\n@foreignKey (certificate_id) references visitor.certificates (id)|@foreignFieldName months|@foreignSimpleFieldName months|@behavior +manyRelation:resource:list -manyRelation:resource:connection\n@behavior -query:resource:list -query:resource:connection -query:resource:single';
comment on view visitor.invoice_items is E'@primaryKey certificate_id,position\n@foreignKey (certificate_id) references visitor.certificates (id)|@foreignFieldName items|@foreignSimpleFieldName items|@behavior +manyRelation:resource:list -manyRelation:resource:connection\n@behavior -query:resource:list -query:resource:connection -query:resource:single';
comment on view visitor.daily_sheet_entries is E'@primaryKey certificate_id,position\n@foreignKey (certificate_id) references visitor.certificates (id)|@foreignFieldName entries|@foreignSimpleFieldName entries|@behavior +manyRelation:resource:list -manyRelation:resource:connection\n@behavior -query:resource:list -query:resource:connection -query:resource:single';
comment on view visitor.viewers is E'@primaryKey id\n@behavior -query:resource:list -query:resource:connection -query:resource:single';
comment on view visitor.own_certificates is E'@primaryKey id\n@behavior -query:resource:list -query:resource:connection -query:resource:single\n@foreignKey (spa_id) references visitor.spas (id)|@fieldName spa|@behavior -manyRelation:resource:connection\n@foreignKey (template_id) references visitor.templates (id)|@fieldName template|@behavior -manyRelation:resource:connection\n@foreignKey (issued_by_id) references visitor.viewers (id)|@foreignFieldName certificates';
comment on view visitor.own_candidate_forms is E'@primaryKey id\n@behavior -query:resource:list -query:resource:connection -query:resource:single\n@foreignKey (spa_id) references visitor.spas (id)|@fieldName spa|@behavior -manyRelation:resource:connection\n@foreignKey (submitted_by_id) references visitor.viewers (id)|@foreignFieldName candidateForms';

-- PostGraphile does not order by enums unless told to.
comment on column visitor.templates.category is E'@behavior +orderBy';
