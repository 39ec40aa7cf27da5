-- Announces what a transaction has changed, on the channel convoy_changes, for src/resources/changes.ts. A payload is
-- {"tags": [...]}, and a tag is one of these:
--   spas                    something in the table has changed
--   spas:12                 the row with the id 12 was added, changed or removed
--   certificates.spa_id=12  a row whose spa_id is 12, or was 12, was added, changed or removed
--   #spas                   too much to name: whatever was read from the table may have changed. Comes without other tags.
--
-- PostgreSQL delivers after the commit, never what is rolled back, and equal payloads of a transaction once. Transactions that
-- announce something commit one after the other. Not announced are DDL, rows that logical replication brings, and writes under
-- session_replication_role = replica.

-- The arguments of its triggers are the columns that rows are looked for by. A row without the column id has no tag of its own.
CREATE FUNCTION "convoy_announce_change"() RETURNS trigger LANGUAGE plpgsql
-- The writer's own search_path may lead to other functions of the same names.
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- A payload has fewer than 8,000 bytes; long before that, it is cheaper to drop whatever was read from the table.
  max_tags CONSTANT integer := 50;
  max_bytes CONSTANT integer := 7900;
  affected refcursor;
  affected_row jsonb;
  is_empty boolean := true;
  tags text[] := ARRAY[TG_TABLE_NAME];
  tag text;
  payload text;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    is_empty := false;
  ELSE
    IF TG_OP = 'UPDATE' THEN
      OPEN affected FOR SELECT to_jsonb(former) FROM former_rows AS former UNION ALL SELECT to_jsonb(changed) FROM changed_rows AS changed;
    ELSE
      OPEN affected FOR SELECT to_jsonb(changed) FROM changed_rows AS changed;
    END IF;
    WHILE cardinality(tags) <= max_tags LOOP
      FETCH affected INTO affected_row;
      EXIT WHEN NOT FOUND;
      is_empty := false;
      FOR argument IN -1 .. TG_NARGS - 1 LOOP
        tag := CASE WHEN argument < 0 THEN TG_TABLE_NAME || ':' || (affected_row ->> 'id')
          ELSE TG_TABLE_NAME || '.' || TG_ARGV[argument] || '=' || (affected_row ->> TG_ARGV[argument]) END;
        -- NULL has no tag: nobody asks for it by equality.
        IF tag <> ALL (tags) THEN
          tags := tags || tag;
        END IF;
      END LOOP;
    END LOOP;
    CLOSE affected;
    payload := json_build_object('tags', tags);
  END IF;
  IF is_empty THEN
    RETURN NULL;
  END IF;
  IF payload IS NULL OR cardinality(tags) > max_tags OR octet_length(payload) > max_bytes THEN
    payload := json_build_object('tags', ARRAY['#' || TG_TABLE_NAME]);
  END IF;
  PERFORM pg_notify('convoy_changes', payload);
  RETURN NULL;
END
$$;

-- A trigger that sees its rows as a table is for one kind of event, so each table has four.
DO $$
DECLARE
  watched record;
BEGIN
  FOR watched IN SELECT * FROM (VALUES
    ('users', ''),
    ('spas', ''),
    ('candidate_forms', '''spa_id'', ''submitted_by_id'''),
    ('hiring_forms', '''spa_id'''),
    ('certificate_templates', ''),
    ('certificates', '''spa_id'', ''template_id'', ''issued_by_id'', ''number'''),
    ('salary_months', '''certificate_id'''),
    ('invoice_items', '''certificate_id'''),
    ('daily_sheet_entries', '''certificate_id''')
  ) AS watched ("table_name", "columns") LOOP
    EXECUTE format('CREATE TRIGGER "announce_insert" AFTER INSERT ON %I REFERENCING NEW TABLE AS "changed_rows"
      FOR EACH STATEMENT EXECUTE FUNCTION "convoy_announce_change"(%s)', watched."table_name", watched."columns");
    EXECUTE format('CREATE TRIGGER "announce_update" AFTER UPDATE ON %I REFERENCING OLD TABLE AS "former_rows" NEW TABLE AS "changed_rows"
      FOR EACH STATEMENT EXECUTE FUNCTION "convoy_announce_change"(%s)', watched."table_name", watched."columns");
    EXECUTE format('CREATE TRIGGER "announce_delete" AFTER DELETE ON %I REFERENCING OLD TABLE AS "changed_rows"
      FOR EACH STATEMENT EXECUTE FUNCTION "convoy_announce_change"(%s)', watched."table_name", watched."columns");
    EXECUTE format('CREATE TRIGGER "announce_truncate" AFTER TRUNCATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION "convoy_announce_change"()', watched."table_name");
  END LOOP;
END
$$;
