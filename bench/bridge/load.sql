-- bench/bridge/load.sql: a day's trade as fast as it can be made: real commands, in transactions of one to nine events.
--
-- CALL bench.trade('name', events): exactly so many events, committed bit by bit, on orders of its own; the name is the seed
-- too, so two runs make the same trade.  Several sessions with different names may run at once.

CREATE SCHEMA bench;

-- An order of two slices (4 events), a fill of a slice (3: execution, slice, order), three fills (9), an order alone (1).
CREATE FUNCTION bench.transaction(name text, n integer, orders integer, left_over integer) RETURNS text
  LANGUAGE plpgsql VOLATILE
AS $function$
DECLARE
  kind double precision := random();
  fill constant text := '{"commandType":"ExecuteOrderCommand","orderId":"%s-%s-%s","execID":"%s-E%s-%s","lastQty":%s,"lastPx":1.2%s,"lastMkt":"XLON"}';
  make constant text := '{"commandType":"CreateOrderCommand","orderId":"%s-%s","clOrdID":"%1$s-%2$s","symbol":"VOD.L","side":"BUY","orderQty":1000000,'
                        '"ordType":"LIMIT","price":1.25,"account":"PENSION","currency":"GBP"}';
  place constant text := ',{"commandType":"PlaceOrderCommand","orderId":"%s-%s","children":['
                         '{"orderId":"%1$s-%2$s-1","clOrdID":"%1$s-%2$s-1","orderQty":500000,"price":1.25,"destination":"XLON"},'
                         '{"orderId":"%1$s-%2$s-2","clOrdID":"%1$s-%2$s-2","orderQty":500000,"price":1.25,"destination":"TRQX"}]}';
  fills integer := CASE WHEN kind < 0.15 AND left_over >= 9 THEN 3 WHEN kind < 0.70 AND left_over >= 3 THEN 1 ELSE 0 END;
BEGIN
  IF orders > 0 AND fills > 0 THEN
    -- mostly of the newest thousand orders
    RETURN (SELECT '[' || string_agg(format(fill, name, greatest(1, orders - floor(power(random(), 2) * 1000)::integer), 1 + floor(random() * 2)::integer,
                                            name, n, i, 1 + floor(random() * 99)::integer, floor(random() * 10)::integer), ',') || ']'
              FROM generate_series(1, fills) AS i);
  END IF;
  RETURN '[' || format(make, name, orders + 1) || CASE WHEN left_over >= 4 THEN format(place, name, orders + 1) ELSE '' END || ']';
END
$function$;

CREATE PROCEDURE bench.trade(name text, events integer)
  LANGUAGE plpgsql
AS $procedure$
DECLARE
  left_over integer := events;
  orders integer := 0;
  n integer := 0;
  commands text;
BEGIN
  PERFORM setseed((hashtext(name) % 1000) / 1000.0);
  WHILE left_over > 0 LOOP
    n := n + 1;
    commands := bench.transaction(name, n, orders, left_over);
    IF commands LIKE '[{"commandType":"C%' THEN
      orders := orders + 1;
    END IF;
    left_over := left_over - (SELECT sum(jsonb_array_length(r -> 'events')) FROM oms_commands(commands::jsonb) AS r);
    COMMIT;
  END LOOP;
END
$procedure$;
