-- Many FIX messages in one call. What comes of random and recorded ones is in t/023_fix_batches.pl; here is what a reader may want to know.
-- What breaks: a message that cannot be read and costs the others, a report that does not find the order which its call has made, a repeat that is applied twice.
\set VERBOSITY default
\pset null '-'
SET timezone = 'UTC';
-- Other scripts see nothing of it.
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT coalesce(max(id), 0) AS before FROM oms.rejected_commands \gset

CREATE FUNCTION pg_temp.message(fields text) RETURNS text LANGUAGE sql AS $$
  WITH body AS (SELECT replace(format('%s52=20260302-09:30:00|%s', substring(fields FROM '^.*?\|.*?\|.*?\|'), regexp_replace(fields, '^.*?\|.*?\|.*?\|', '')), '|', E'\x01') AS b),
       head AS (SELECT format(E'8=FIX.4.4\x01' || '9=%s' || E'\x01', length(b)) || b AS m FROM body)
  SELECT m || '10=' || lpad(((SELECT sum(get_byte(convert_to(m, 'LATIN1'), i)) FROM generate_series(0, length(m) - 1) i) % 256)::text, 3, '0') || E'\x01' FROM head
$$;
CREATE FUNCTION pg_temp.messages(VARIADIC fields text[]) RETURNS text[] LANGUAGE sql AS $$
  SELECT array_agg(CASE WHEN f ~ '^35=' THEN pg_temp.message(f) ELSE f END ORDER BY n) FROM unnest(fields) WITH ORDINALITY AS x (f, n)
$$;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', r ->> 'msgType', r ->> 'status', r ->> 'reason', r -> 'error' ->> 'sqlstate', r -> 'error' ->> 'message', jsonb_array_length(r -> 'results'), r -> 'results' -> 0 -> 'state' ->> 'status',
                   CASE WHEN r -> 'results' -> 0 -> 'duplicate' = 'true' THEN 'duplicate' END)
$$;

-- An order, its acceptance, a fill, and a fill in parts; the same order again; what is no message, and none at all, cost the others nothing.
SELECT n, pg_temp.said(r) FROM oms_fix_many(pg_temp.messages(
  '35=D|49=C|56=B|11=m1|55=VOD|54=1|38=100|40=2|44=10|60=20260302-09:30:00|',
  '35=8|49=B|56=C|37=b1|11=m1|17=n1|150=0|39=0|55=VOD|54=1|38=100|14=0|151=100|6=0|',
  '8=FIX.4.4|9=5|35=0|10=000|',
  NULL,
  '35=D|49=C|56=B|97=Y|11=m1|55=VOD|54=1|38=100|40=2|44=10|60=20260302-09:30:05|',
  '35=D|49=C|56=B|11=m1|55=VOD|54=1|38=999|40=2|44=10|60=20260302-09:30:05|',
  '35=8|49=B|56=C|37=b1|11=m1|17=e1|150=F|39=1|55=VOD|54=1|38=100|32=40|31=10|14=40|151=60|6=10|',
  '35=8|49=B|56=C|37=b1|11=m1|17=e2|150=F|39=1|55=VOD|54=1|38=100|14=50|151=50|6=10|1362=2|1363=x|1364=10|1365=4|1363=y|1364=10|1365=6|',
  '35=8|49=B|56=C|37=b1|11=m1|17=e3|150=F|39=1|55=VOD|54=1|38=100|14=60|151=40|6=10|1362=2|1363=x|1364=10|1365=4|1363=y|1364=ten|1365=6|',
  '35=8|49=B|56=C|43=Y|37=b1|11=m1|17=e1|150=F|39=1|55=VOD|54=1|38=100|32=40|31=10|14=40|151=60|6=10|',
  '35=F|49=C|56=B|11=m2|41=m1|55=VOD|54=1|38=100|60=20260302-09:31:00|',
  '35=8|49=B|56=C|37=b1|11=m2|41=m1|17=n2|150=4|39=4|55=VOD|54=1|38=100|14=50|151=0|6=10|',
  '35=9|49=B|56=C|37=b7|11=m7|41=m6|39=0|434=1|',
  '35=A|49=C|56=B|98=0|')) WITH ORDINALITY AS x (r, n) ORDER BY n;
SELECT status, executed_quantity, leaves_quantity, avg_px, flags FROM oms.orders WHERE fix_session = 'B|C';
SELECT sqlstate, message, command ? 'fixMessage' AS has_message FROM oms.rejected_commands WHERE id > :before ORDER BY id;

-- Atomic: the first refusal raises, with the message's number, and nothing is applied.
SELECT oms_fix_many(pg_temp.messages('35=D|49=C|56=B|11=m8|55=VOD|54=1|38=100|40=1|60=20260302-09:30:00|', '35=F|49=C|56=B|11=m9|41=none|55=VOD|54=1|60=20260302-09:31:00|'), atomic => true);
SELECT oms_fix_many(ARRAY['no message'::bytea], true);
SELECT count(*) FROM oms.orders WHERE cl_ord_id = 'm8';

-- Nothing, and null; null for atomic is its default.
SELECT count(*) FROM oms_fix_many('{}'::text[]);
SELECT count(*) FROM oms_fix_many(NULL::bytea[]);
SELECT pg_temp.said(r) FROM oms_fix_many(ARRAY['no message'], NULL) AS r;

-- The bytes of the wire, each in its own encoding.
SELECT r -> 'results' -> 0 -> 'state' ->> 'text' AS text FROM oms_fix_many(ARRAY[
  convert_to(pg_temp.message('35=D|49=C|56=B|11=w1|55=VOD|54=1|38=1|40=1|60=20260302-09:30:00|58=plain|'), 'LATIN1'),
  convert_to(pg_temp.message('35=D|49=C|56=B|11=w2|55=VOD|54=1|38=1|40=1|60=20260302-09:30:00|58=M' || chr(252) || 'ller|'), 'LATIN1')]) AS r;
SELECT * FROM oms.verify();
ROLLBACK;
