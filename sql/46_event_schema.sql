-- What an event looks like, for programs that read it elsewhere: JSON Schema, made from what the code says of its fields.

CREATE FUNCTION oms.event_schema(object text) RETURNS jsonb
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH types (field_type, schema) AS (
    VALUES ('text', '{"type": "string"}'::jsonb), ('name', '{"type": "string"}'), ('number', '{"type": "number"}'), ('boolean', '{"type": "boolean"}'),
           ('time', '{"type": "string", "format": "date-time"}'), ('date', '{"type": "string", "format": "date"}'), ('texts', '{"type": "array", "items": {"type": "string"}}'),
           ('document', '{"type": ["object", "array"]}')
  ), state AS (
    SELECT jsonb_build_object('type', 'object', 'required', coalesce(jsonb_agg(f.field) FILTER (WHERE f.required), '[]'),
             'properties', jsonb_object_agg(f.field, CASE WHEN f.names IS NULL THEN t.schema
                                                          WHEN f.field_type = 'texts' THEN jsonb_build_object('type', 'array', 'items', jsonb_build_object('enum', f.names))
                                                          ELSE t.schema || jsonb_build_object('enum', f.names) END)) AS schema
      FROM oms.list_fields($1) AS f JOIN types AS t ON t.field_type = f.field_type
  ), members (name, field_type, needed) AS (
    VALUES ('sequence', 'number', true), ('eventType', 'text', true), ('aggregateType', 'text', true), ('aggregateId', 'text', true), ('version', 'number', true), ('rootId', 'text', true),
           ('treeVersion', 'number', true), ('occurredAt', 'time', true), ('transition', 'number', false), ('command', 'document', true), ('commandId', 'text', true),
           ('correlationId', 'text', false), ('causationId', 'text', false), ('actor', 'text', true), ('role', 'text', true), ('via', 'text', false), ('findings', 'document', false),
           ('schemaVersion', 'number', true),
           -- of TreePurged alone
           ('digest', 'text', false), ('events', 'number', false), ('objects', 'number', false), ('firstAt', 'time', false), ('lastAt', 'time', false), ('policy', 'text', false), ('archived', 'text', false)
  )
  SELECT jsonb_build_object('$schema', 'https://json-schema.org/draft/2020-12/schema', 'title', format('An event of oms.%s', k.event_table), 'type', 'object',
           'required', jsonb_agg(m.name ORDER BY m.name) FILTER (WHERE m.needed),
           'properties', jsonb_object_agg(m.name, CASE m.name WHEN 'command' THEN '{"type": "object", "required": ["commandType"], "properties": {"commandType": {"type": "string"}}}' ELSE t.schema END)
                         || jsonb_build_object('state', (SELECT s.schema FROM state AS s)),
           -- every event has the state after it, but the one that ends a tree
           'if', '{"properties": {"eventType": {"const": "TreePurged"}}}'::jsonb, 'else', '{"required": ["state", "transition"]}'::jsonb)
    FROM oms.kinds() AS k, members AS m JOIN types AS t ON t.field_type = m.field_type
   WHERE k.table_name = (SELECT f.object FROM oms.list_fields($1) AS f LIMIT 1)
   GROUP BY k.event_table
$function$;
COMMENT ON FUNCTION oms.event_schema(text) IS
  'JSON Schema (2020-12) of the events of orders, executions, quote_requests or quotes, as this version writes them: every member, and every field of the state after it. A later version adds members; it takes none away and changes no type. Null of what has no events, OM010: there is no such object';
REVOKE ALL ON FUNCTION oms.event_schema(text) FROM PUBLIC;
