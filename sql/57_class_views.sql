-- The typed views of asset classes. Made of the classes by a trigger, with the owner's rights, and read with those of whoever asks.
-- Those of shipped classes are the extension's, others are as any view: a dump has them.

-- What is one for each class and holder: its text, and the comments of its columns. A class is also what extends it.
CREATE FUNCTION oms.class_views() RETURNS TABLE (class text, view_name text, holder text, query text, comments jsonb)
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH bases (holder, suffix, base, columns, quantity, value, price) AS (
    VALUES ('ORDER', '_orders', 'orders', '{id,root_id,parent_id,cl_ord_id,asset_class,symbol,side,status,flags,ord_type,time_in_force,order_qty,cash_order_qty,price,stop_px,executed_quantity,leaves_quantity,executed_value,avg_px,account,currency,destination,quote_id,created_at,updated_at}'::text[],
            'o.order_qty', 'o.executed_value', 'o.price'),
           ('EXECUTION', '_executions', 'executions', '{id,order_id,root_id,exec_id,symbol,side,status,flags,quantity,last_qty,last_px,last_mkt,trade_date,settl_date,account,currency,commission,transact_time,created_at,updated_at}'::text[],
            'e.quantity', NULL, 'e.last_px')
  ), classes AS (
    SELECT c.*, ARRAY(SELECT d.class FROM oms.asset_class_list() AS d WHERE c.class = ANY (d.is_a) ORDER BY d.class) AS with_heirs
      FROM oms.asset_class_list() AS c WHERE c.fault IS NULL
  ), found AS (
    -- of a fill its own where it has it, else its order's
    SELECT b.holder, a.class, a.attribute, a.column_name, a.type, a.description, a.tag,
           bool_or(a.holder = 'EXECUTION') AS of_execution, bool_or(a.holder = 'ORDER') AS of_order, min(CASE a.holder WHEN 'ORDER' THEN a.n ELSE 1000 + a.n END) AS n
      FROM bases AS b JOIN oms.asset_class_attributes() AS a ON b.holder = 'EXECUTION' OR a.holder = 'ORDER'
     GROUP BY b.holder, a.class, a.attribute, a.column_name, a.type, a.description, a.tag
  ), attributes AS (
    SELECT f.holder, f.class, f.column_name, min(f.n) AS n, bool_or(f.of_execution) AS of_execution, bool_or(f.of_order) AS of_order,
           (array_agg(f.attribute ORDER BY f.n))[1] AS attribute, (array_agg(f.type ORDER BY f.n))[1] AS type,
           (array_agg(f.description ORDER BY f.n))[1] AS description, (array_agg(f.tag ORDER BY f.n))[1] AS tag
      FROM found AS f GROUP BY f.holder, f.class, f.column_name
  ), columns AS (
    SELECT a.*, CASE WHEN a.column_name = ANY (b.columns || '{notional,executed_notional,asset_class}'::text[])
                     THEN left(a.column_name, 50) || '_attribute' ELSE a.column_name END AS shown,
           CASE a.type WHEN 'number' THEN 'number' WHEN 'boolean' THEN 'boolean' WHEN 'date' THEN 'date' WHEN 'time' THEN 'time' ELSE 'text' END AS reader
      FROM attributes AS a JOIN bases AS b USING (holder)
  ), texts AS (
    SELECT c.holder, c.class,
           string_agg(format(', %s AS %I', CASE WHEN c.holder = 'ORDER' THEN format('oms.attribute_%s(o.attributes, %L)', c.reader, c.attribute)
                                                WHEN c.of_execution AND c.of_order THEN format('coalesce(oms.attribute_%1$s(e.attributes, %2$L), oms.attribute_%1$s(o.attributes, %2$L))', c.reader, c.attribute)
                                                ELSE format('oms.attribute_%s(%s.attributes, %L)', c.reader, CASE WHEN c.of_execution THEN 'e' ELSE 'o' END, c.attribute) END,
                             c.shown), '' ORDER BY c.n) AS list,
           jsonb_object_agg(c.shown, coalesce(c.description, format('Attribute %s', c.attribute)) || coalesce(' (FIX tag ' || c.tag || ')', '')) AS comments
      FROM columns AS c GROUP BY c.holder, c.class
  ), factors AS (
    SELECT c.class, coalesce(c.notional_factor::text, 'oms.attribute_number(o.attributes, ' || quote_literal(c.notional_attribute) || ')') AS factor FROM classes AS c
  )
  SELECT c.class, c.class || b.suffix, b.holder,
         format('SELECT %s%s%s FROM %s WHERE o.asset_class IN (%s)',
                (SELECT string_agg(format('%s.%I', left(b.base, 1), k.name), ', ' ORDER BY k.n) FROM unnest(b.columns) WITH ORDINALITY AS k (name, n))
                || CASE b.holder WHEN 'EXECUTION' THEN ', o.asset_class' ELSE '' END,
                t.list,
                CASE WHEN f.factor IS NOT NULL THEN format(', %s * %s * %s AS notional', b.quantity, b.price, f.factor) ||
                     coalesce(', ' || b.value || ' * ' || f.factor || ' AS executed_notional', '') ELSE '' END,
                CASE b.holder WHEN 'ORDER' THEN 'oms.orders AS o' ELSE 'oms.executions AS e JOIN oms.orders AS o ON o.id = e.order_id' END,
                (SELECT string_agg(quote_literal(h.class), ', ' ORDER BY h.class) FROM unnest(c.with_heirs) AS h (class))),
         coalesce(t.comments, '{}') || '{"notional": "Quantity times price times what one unit of it stands for; null where one of them is not known", "executed_notional": "executed_value times what one unit stands for"}'
         || coalesce((SELECT jsonb_object_agg(k.name, d.description) FROM unnest(b.columns) AS k (name)
                        JOIN pg_attribute AS a ON a.attrelid = format('oms.%I', b.base)::regclass AND a.attname = k.name AND NOT a.attisdropped
                        JOIN pg_description AS d ON d.objoid = a.attrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum), '{}')
    FROM classes AS c CROSS JOIN bases AS b
    LEFT JOIN texts AS t ON t.class = c.class AND t.holder = b.holder
    LEFT JOIN factors AS f ON f.class = c.class
$function$;
COMMENT ON FUNCTION oms.class_views() IS 'The typed views of asset classes as they should be: their text, and the comments of their columns';

-- Is there something of that name, and is it such a view?
CREATE FUNCTION oms.class_view_state(view_name text, OUT found oid, OUT is_ours boolean, OUT is_member boolean)
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT c.oid, c.relkind = 'v' AND coalesce(obj_description(c.oid, 'pg_class'), '') LIKE 'Asset class %',
         EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS x ON x.oid = d.refobjid
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND x.extname = 'oms_state')
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
   WHERE n.nspname = 'oms' AND c.relname = $1
$function$;
COMMENT ON FUNCTION oms.class_view_state(text) IS 'What has this name in schema oms: a typed view of an asset class, one of the extension''s own?';

CREATE FUNCTION oms.make_class_view(class text, view_name text, holder text, query text, comments jsonb, may_be_there boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  state record;
  acl aclitem[];
  base regclass := CASE holder WHEN 'ORDER' THEN 'oms.orders' ELSE 'oms.executions' END::regclass;
  made text := format('CREATE OR REPLACE VIEW oms.%I WITH (security_invoker = true) AS %s', view_name, query);
  is_new boolean := false;
  k record;
BEGIN
  SELECT * INTO state FROM oms.class_view_state(view_name);
  IF state.found IS NOT NULL AND NOT state.is_ours AND NOT may_be_there THEN
    RAISE EXCEPTION 'the views of asset class "%" cannot be made', class
      USING ERRCODE = 'OM011', DETAIL = format('oms.%I is something else already.', view_name), HINT = 'Rename it, or give the class another name.';
  END IF;
  BEGIN
    EXECUTE made;
    is_new := state.found IS NULL;
  EXCEPTION WHEN invalid_table_definition THEN
    -- Columns that go or change: a view cannot be replaced by such a one. What was granted stays granted.
    SELECT c.relacl INTO acl FROM pg_class AS c WHERE c.oid = state.found;
    IF state.is_member THEN
      EXECUTE format('ALTER EXTENSION oms_state DROP VIEW oms.%I', view_name);
    END IF;
    EXECUTE format('DROP VIEW oms.%I', view_name);
    EXECUTE made;
    IF state.is_member THEN
      EXECUTE format('ALTER EXTENSION oms_state ADD VIEW oms.%I', view_name);
    END IF;
  END;
  IF is_new THEN
    SELECT c.relacl INTO acl FROM pg_class AS c WHERE c.oid = base;
  END IF;
  FOR k IN SELECT a.privilege_type, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
             FROM aclexplode(acl) AS a JOIN pg_class AS c ON c.oid = base AND a.grantee <> c.relowner
            WHERE NOT is_new OR a.privilege_type = 'SELECT' LOOP
    EXECUTE format('GRANT %s ON oms.%I TO %s', k.privilege_type, view_name, k.grantee);
  END LOOP;
  EXECUTE format('COMMENT ON VIEW oms.%I IS %L', view_name,
                 format('Asset class %s, and what extends it: its %s with their attributes as columns. Made by the class; what is not of its type is null', class,
                        CASE holder WHEN 'ORDER' THEN 'orders' ELSE 'executions' END));
  FOR k IN SELECT a.attname, comments ->> a.attname AS text FROM pg_attribute AS a
            WHERE a.attrelid = format('oms.%I', view_name)::regclass AND a.attnum > 0 AND comments ? a.attname LOOP
    EXECUTE format('COMMENT ON COLUMN oms.%I.%I IS %L', view_name, k.attname, k.text);
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.make_class_view(text, text, text, text, jsonb, boolean) IS 'Makes one typed view of an asset class, or another of it; OM011 where its name is taken by something else';

CREATE FUNCTION oms.asset_class_changed() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
AS $function$
DECLARE
  changed text := CASE TG_OP WHEN 'DELETE' THEN OLD.name ELSE NEW.name END;
  -- A restored row, or a replicated one, has no event of ours: it stays whatever else is there by now.
  is_ours boolean := current_setting('session_replication_role') <> 'replica';
  above text[];
  bad record;
  v record;
BEGIN
  -- One at a time: two that extend each other would not see each other.
  LOCK TABLE oms.asset_classes IN SHARE UPDATE EXCLUSIVE MODE;
  IF TG_OP <> 'DELETE' AND NOT NEW.builtin THEN
    is_ours := is_ours AND EXISTS (SELECT FROM oms.configuration_events AS e
                                    WHERE e.root_id = 'asset_classes/' || NEW.name AND e.version = NEW.version AND e.hash = NEW.hash AND e.xid = pg_current_xact_id());
  END IF;
  SELECT * INTO bad FROM oms.asset_class_list() AS c WHERE c.fault IS NOT NULL ORDER BY c.class <> changed, c.class LIMIT 1;
  IF is_ours AND bad.class IS NOT NULL THEN
    RAISE EXCEPTION 'the definition of asset class "%" cannot be used%', bad.class, CASE WHEN bad.class <> changed THEN format(' any more, with class "%s" as it would be', changed) ELSE '' END
      USING ERRCODE = 'OM011', DETAIL = bad.fault || '.';
  END IF;
  -- What extends it, and what it extends or did: their views have its columns, or its rows.
  above := ARRAY(SELECT DISTINCT x.name FROM oms.asset_class_list() AS c CROSS JOIN LATERAL unnest(c.is_a) AS x (name)
                  WHERE c.class = changed OR (TG_OP <> 'INSERT' AND c.class = OLD.definition ->> 'extends'));
  FOR v IN SELECT w.* FROM oms.class_views() AS w JOIN oms.asset_class_list() AS c ON c.class = w.class
            WHERE w.class = ANY (above) OR changed = ANY (c.is_a) ORDER BY w.class, w.view_name DESC LOOP
    PERFORM oms.make_class_view(v.class, v.view_name, v.holder, v.query, v.comments, v.class <> changed OR TG_OP <> 'INSERT' OR NOT is_ours);
  END LOOP;
  IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM oms.asset_class_list() AS c WHERE c.class = changed) THEN
    FOR v IN SELECT w.name, s.* FROM unnest(ARRAY[changed || '_orders', changed || '_executions']) AS w (name) CROSS JOIN LATERAL oms.class_view_state(w.name) AS s
              WHERE s.is_ours AND NOT s.is_member LOOP
      EXECUTE format('DROP VIEW oms.%I', v.name);
    END LOOP;
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION oms.asset_class_changed() IS
  'Trigger of oms.asset_classes: makes the typed views of the class, and those of the classes above and below it; OM011 where one of them could not be used any more';

-- Behind row_changed: by then the event of the row is written.
CREATE TRIGGER views_follow AFTER INSERT OR UPDATE OR DELETE ON oms.asset_classes FOR EACH ROW EXECUTE FUNCTION oms.asset_class_changed();
ALTER TABLE oms.asset_classes ENABLE ALWAYS TRIGGER views_follow;
REVOKE ALL ON FUNCTION oms.class_views(), oms.class_view_state(text), oms.make_class_view(text, text, text, text, jsonb, boolean), oms.asset_class_changed() FROM PUBLIC;
