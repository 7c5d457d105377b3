-- The last part: what is ours now is all that is on the tables; after an upgrade all but what was yours before.

-- @install
INSERT INTO oms.shipped_objects SELECT o.kind, o.table_name, o.object FROM oms.objects_on_tables() AS o;
-- @end

-- @upgrade
WITH yours AS (DELETE FROM oms.shipped_objects AS s RETURNING s.*)
INSERT INTO oms.shipped_objects
  SELECT o.kind, o.table_name, o.object
    FROM oms.objects_on_tables() AS o
   WHERE NOT EXISTS (SELECT FROM yours AS y WHERE y.table_name = o.table_name AND y.kind = o.kind AND y.object = o.object);
-- @end
