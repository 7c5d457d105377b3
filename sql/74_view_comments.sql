-- A column of a view that is a column of a table says what that says, where nothing else is said of it. Views of asset classes are made anew when their class
-- changes, and say of their attributes alone.
DO $do$
DECLARE
  it record;
BEGIN
  FOR it IN
    SELECT v.oid::regclass AS view, a.attname AS name, min(s.comment) AS comment
      FROM pg_extension AS x
      JOIN pg_depend AS m ON m.refclassid = 'pg_extension'::regclass AND m.refobjid = x.oid AND m.classid = 'pg_class'::regclass AND m.deptype = 'e'
      JOIN pg_class AS v ON v.oid = m.objid AND v.relkind = 'v'
      JOIN pg_attribute AS a ON a.attrelid = v.oid AND a.attnum > 0
      JOIN pg_rewrite AS r ON r.ev_class = v.oid
      JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
      JOIN pg_attribute AS c ON c.attrelid = d.refobjid AND c.attnum = d.refobjsubid AND c.attname = a.attname AND c.atttypid = a.atttypid
      JOIN pg_class AS t ON t.oid = c.attrelid AND t.relkind IN ('r', 'p')
     CROSS JOIN LATERAL (SELECT col_description(c.attrelid, c.attnum)) AS s (comment)
     WHERE x.extname = 'oms_state' AND col_description(v.oid, a.attnum) IS NULL
       AND NOT EXISTS (SELECT FROM oms.asset_classes AS k WHERE v.relname IN (k.name || '_orders', k.name || '_executions'))
     GROUP BY v.oid, a.attname
    -- of two tables it would be a guess
    HAVING count(DISTINCT c.attrelid) = 1 AND min(s.comment) IS NOT NULL
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', it.view, it.name, it.comment);
  END LOOP;
END
$do$;
