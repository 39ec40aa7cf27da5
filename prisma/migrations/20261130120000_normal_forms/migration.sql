-- Text is looked for in one form, whatever its spelling: searchForm and searchFormSql in src/gateway/data/normal-forms.ts. The
-- expressions here are those of the modules' filters; a test watches that they are served from these indexes.

DROP INDEX "spas_search";
CREATE INDEX "spas_search" ON "spas" USING gin ((btrim(regexp_replace(normalize(translate(("name" || ' ' || coalesce("code"::text, '') || ' ' || coalesce("area", '') || ' ' || coalesce("city", '') || ' ' || coalesce("state", ''))::text, E'\t\u1680\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff', '  -----------------------------'), NFKC), ' {2,}', ' ', 'g'), E' \n\u000b\f\r\u2028\u2029\ufeff')) gin_trgm_ops);
DROP INDEX "certificates_search";
CREATE INDEX "certificates_search" ON "certificates" USING gin ((btrim(regexp_replace(normalize(translate(("holder_name" || ' ' || "number")::text, E'\t\u1680\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff', '  -----------------------------'), NFKC), ' {2,}', ' ', 'g'), E' \n\u000b\f\r\u2028\u2029\ufeff')) gin_trgm_ops);
DROP INDEX "candidate_forms_search";
CREATE INDEX "candidate_forms_search" ON "candidate_forms" USING gin ((btrim(regexp_replace(normalize(translate(("first_name" || ' ' || "last_name" || ' ' || translate(normalize(("phone_number")::text, NFKC), E'().\t\u1680 \n\u000b\f\r\u2028\u2029\ufeff-\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead', ''))::text, E'\t\u1680\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff', '  -----------------------------'), NFKC), ' {2,}', ' ', 'g'), E' \n\u000b\f\r\u2028\u2029\ufeff')) gin_trgm_ops);
DROP INDEX "hiring_forms_search";
CREATE INDEX "hiring_forms_search" ON "hiring_forms" USING gin ((btrim(regexp_replace(normalize(translate(("for_role" || ' ' || "description")::text, E'\t\u1680\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff', '  -----------------------------'), NFKC), ' {2,}', ' ', 'g'), E' \n\u000b\f\r\u2028\u2029\ufeff')) gin_trgm_ops);
DROP INDEX "users_search";
CREATE INDEX "users_search" ON "users" USING gin ((btrim(regexp_replace(normalize(translate(("first_name" || ' ' || "last_name" || ' ' || "username"::text || ' ' || "email"::text)::text, E'\t\u1680\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff', '  -----------------------------'), NFKC), ' {2,}', ' ', 'g'), E' \n\u000b\f\r\u2028\u2029\ufeff')) gin_trgm_ops);

DROP INDEX "spas_city_name_id_idx";
CREATE INDEX "spas_city" ON "spas" ((btrim(regexp_replace(normalize(translate(("city")::text, E'\t\u1680\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010d6e\U00010ead\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff', '  -----------------------------'), NFKC), ' {2,}', ' ', 'g'), E' \n\u000b\f\r\u2028\u2029\ufeff')), "name", "id");

-- What is unique is compared as it is stored, and so is stored in its normal form: normalLogin and normalReference. The gateway did
-- not write all of it so. Where two rows have one normal form, the second stays as it is, with a warning: only a person can tell which
-- of the two is meant. Such a user signs in by the email address, and an admin gives them another username.
DO $$
DECLARE
  -- The default ignorable code points of Unicode.
  ignorable CONSTANT text := E'[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]';
  -- The dashes and blanks that NFKC leaves, what they become, and what JavaScript's trim() removes.
  marks CONSTANT text := E'\u058a\u05be\u1400\u1806\u2010\u2012\u2013\u2014\u2015\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\U00010d6e\U00010ead\t\u1680';
  plain CONSTANT text := repeat('-', length(marks) - 2) || '  ';
  trimmed CONSTANT text := E' \t\n\u000b\f\r\u1680\u2028\u2029\ufeff';
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
         SELECT id, %1$I::text AS stored, btrim(CASE WHEN %3$L::boolean THEN regexp_replace(translate(form, %5$L, %6$L), '' {2,}'', '' '', ''g'') ELSE form END, %7$L) AS normal
         FROM %2$I, normalize(regexp_replace(normalize(%1$I::text, NFKC), %4$L, '''', ''g''), NFKC) AS form
       ) AS rows WHERE stored <> normal AND normal <> '''' ORDER BY id',
      target."column_name", target."table_name", target."is_reference", ignorable, marks, plain, trimmed)
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
