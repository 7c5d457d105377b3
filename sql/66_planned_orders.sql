-- What is to be placed later: oms.orders.planned_slices.

CREATE FUNCTION oms.place_planned(order_ids text[], now timestamptz, max_orders integer)
  RETURNS TABLE (order_id text, cl_ord_id text, quantity numeric, result text, reason text)
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_place_due';
COMMENT ON FUNCTION oms.place_planned(text[], timestamptz, integer) IS
  'Places the next planned slice of each of these orders that has one due until then, the first of them first; oms.place_due() says what comes of it. Null arguments: 22004; no orders: 22023';

-- What a policy would do with an order that somebody places by hand.
CREATE FUNCTION oms.propose_placement(order_id text) RETURNS jsonb
  LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'oms_propose_placement';
COMMENT ON FUNCTION oms.propose_placement(text) IS
  'The children that the placement policy for a client order would give what is unplaced of it now, as PlaceOrderCommand takes them, with the policy and its version. Null of an order that no CreateOrderCommand without a parent has made. Writes and locks nothing. OM003; OM005 (placement) where no policy is for it, or it cannot be placed so';
REVOKE ALL ON FUNCTION oms.propose_placement(text) FROM PUBLIC;

-- All trees are locked at once. Where something raises an error that trying again does not cure, each order by itself: one keeps up no other.
CREATE FUNCTION oms.place_due(now timestamptz DEFAULT clock_timestamp(), max_orders integer DEFAULT 100)
  RETURNS TABLE (order_id text, cl_ord_id text, quantity numeric, result text, reason text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET standard_conforming_strings = on
AS $function$
#variable_conflict use_column
DECLARE
  -- A read-only transaction, failures to serialize, what the server lacks, locks, cancels and shutdowns.
  of_the_call constant text := '^(08|25|40|53|55P03|57|58)';
  due text[] := ARRAY(SELECT o.id FROM oms.orders AS o WHERE o.next_placement_at <= place_due.now ORDER BY o.next_placement_at, o.id);
  one text;
  placed integer := 0;
  is_done boolean;
BEGIN
  -- its arguments, and who may not: whatever else is raised below is an order's, by a trigger or a rule of somebody
  PERFORM FROM oms.place_planned('{}', place_due.now, place_due.max_orders);
  BEGIN
    RETURN QUERY SELECT p.* FROM oms.place_planned(due, place_due.now, place_due.max_orders) AS p;
    RETURN;
  EXCEPTION WHEN OTHERS THEN
    IF SQLSTATE ~ of_the_call THEN
      RAISE;
    END IF;
  END;
  FOREACH one IN ARRAY due LOOP
    EXIT WHEN placed >= place_due.max_orders;
    BEGIN
      is_done := false;
      FOR order_id, cl_ord_id, quantity, result, reason IN SELECT p.* FROM oms.place_planned(ARRAY[one], place_due.now, 1) AS p LOOP
        is_done := result IN ('PLACED', 'DESK', 'DROPPED');
        RETURN NEXT;
      END LOOP;
      placed := placed + is_done::integer;
    EXCEPTION WHEN OTHERS THEN
      IF SQLSTATE ~ of_the_call THEN
        RAISE;
      END IF;
      RETURN QUERY SELECT one, NULL::text, NULL::numeric, 'FAILED', SQLSTATE || ' ' || SQLERRM;
    END;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION oms.place_due(timestamptz, integer) IS
  'Places of each order whose planned slice is due by now that one slice, of max_orders orders at most; the others of the plan move along by what it is late. A row for each child (PLACED), or why there is none: WAITING (a halt, the desk''s queue, another''s claim, a requested cancel or replacement, a suspension), DESK (refused: the order was sent there), DROPPED (nothing is unplaced: the plan is forgotten), FAILED (an error; the order is as it was), DAMAGED. Needs the rights of PlaceOrderCommand and the right to read oms.orders. For a job that runs every minute';

REVOKE ALL ON FUNCTION oms.place_planned(text[], timestamptz, integer), oms.place_due(timestamptz, integer) FROM PUBLIC;
