-- Text is looked for in one form, whatever its spelling: searchForm and searchFormSql in src/gateway/data/normal-forms.ts. The
-- expressions here are those of the modules' filters; a test watches that they are served from these indexes.

DO $$
BEGIN
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'The database must have the encoding UTF8, and has %: make it with CREATE DATABASE … ENCODING UTF8.', current_setting('server_encoding');
  END IF;
END
$$;

DROP INDEX "spas_search";
CREATE INDEX "spas_search" ON "spas" USING gin ((replace(replace(normalize("name" || ' ' || coalesce("code"::text, '') || ' ' || coalesce("area", '') || ' ' || coalesce("city", '') || ' ' || coalesce("state", ''), NFKC), E'\u200c', ''), E'\u200d', '')) gin_trgm_ops);
DROP INDEX "certificates_search";
CREATE INDEX "certificates_search" ON "certificates" USING gin ((replace(replace(normalize("holder_name" || ' ' || "number", NFKC), E'\u200c', ''), E'\u200d', '')) gin_trgm_ops);
DROP INDEX "candidate_forms_search";
CREATE INDEX "candidate_forms_search" ON "candidate_forms" USING gin ((replace(replace(normalize("first_name" || ' ' || "last_name" || ' ' || translate("phone_number", ' ().-', ''), NFKC), E'\u200c', ''), E'\u200d', '')) gin_trgm_ops);
DROP INDEX "hiring_forms_search";
CREATE INDEX "hiring_forms_search" ON "hiring_forms" USING gin ((replace(replace(normalize("for_role" || ' ' || "description", NFKC), E'\u200c', ''), E'\u200d', '')) gin_trgm_ops);
DROP INDEX "users_search";
CREATE INDEX "users_search" ON "users" USING gin ((replace(replace(normalize("first_name" || ' ' || "last_name" || ' ' || "username"::text || ' ' || "email"::text, NFKC), E'\u200c', ''), E'\u200d', '')) gin_trgm_ops);

DROP INDEX "spas_city_name_id_idx";
CREATE INDEX "spas_city" ON "spas" ((replace(replace(normalize("city", NFKC), E'\u200c', ''), E'\u200d', '')), "name", "id");

-- What is unique is compared as it is stored, and so is stored in its normal form: normalLogin and normalReference. The gateway did
-- not write all of it so. Where two rows have one normal form, the second stays as it is, with a warning: only a person can tell which
-- of the two is meant. Such a user signs in by the email address, and an admin gives them another username.
DO $$
DECLARE
  -- The default ignorable code points of Unicode.
  ignorable CONSTANT text := E'[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]';
  dashes CONSTANT text := E'[\u2010-\u2015\u2212\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d]';
  target record;
  found record;
BEGIN
  FOR target IN SELECT * FROM (VALUES
    ('users', 'username', false),
    ('users', 'email', false),
    ('spas', 'email', false),
    ('certificates', 'bill_number', true)
  ) AS target ("table_name", "column_name", "is_reference") LOOP
    FOR found IN EXECUTE format(
      'SELECT id, stored, normal FROM (
         SELECT id, %1$I::text AS stored, btrim(CASE WHEN %3$L::boolean THEN regexp_replace(regexp_replace(form, %5$L, ''-'', ''g''), ''\s+'', '' '', ''g'') ELSE form END) AS normal
         FROM %2$I, normalize(regexp_replace(normalize(%1$I::text, NFKC), %4$L, '''', ''g''), NFKC) AS form
       ) AS rows WHERE stored <> normal AND normal <> '''' ORDER BY id',
      target."column_name", target."table_name", target."is_reference", ignorable, dashes)
    LOOP
      BEGIN
        EXECUTE format('UPDATE %I SET %I = $1 WHERE id = $2', target."table_name", target."column_name") USING found.normal, found.id;
      EXCEPTION WHEN unique_violation THEN
        RAISE WARNING '% % keeps its %: another row has it in its normal form.', target."table_name", found.id, target."column_name";
      END;
    END LOOP;
  END LOOP;
END
$$;
