-- Who quoted how well, and what came of it.

CREATE OR REPLACE VIEW oms.quote_competition WITH (security_invoker = true) AS
  WITH offered AS (
    -- the side that the request, or whoever accepted, deals, in the currency that it is of; without one each quote is held against the others on both
    SELECT q.*, r.created_at AS requested_at, r.status AS request_status, coalesce(q.side, w.side, r.side) AS deals,
           q.status <> 'CANCELLED' AND q.quote_type <> 'INDICATIVE' AS competes, CASE WHEN q.quote_request_id IS NULL THEN q.id END AS alone,
           oms.quote_takes_offer(q.symbol, CASE WHEN q.side IS NOT NULL OR r.id IS NULL THEN q.currency WHEN w.side IS NOT NULL THEN w.currency ELSE r.currency END,
                                 coalesce(q.side, w.side, r.side)) AS takes_offer,
           CASE WHEN q.bid_px IS NOT NULL AND q.offer_px IS NOT NULL THEN (q.bid_px + q.offer_px) / 2 END AS own_mid
      FROM oms.quotes AS q
      LEFT JOIN oms.quote_requests AS r ON r.id = q.quote_request_id
      LEFT JOIN oms.quotes AS w ON w.id = r.accepted_quote_id
  ), compared AS (
    -- by the request, and read once: so whoever asks for one request reads its quotes alone
    SELECT o.*, CASE WHEN o.takes_offer THEN o.offer_px WHEN NOT o.takes_offer THEN o.bid_px END AS px,
           max(o.bid_px) FILTER (WHERE o.competes) OVER of_request AS best_bid_px, min(o.offer_px) FILTER (WHERE o.competes) OVER of_request AS best_offer_px
      FROM offered AS o
    WINDOW of_request AS (PARTITION BY o.quote_request_id, o.alone)
  ), priced AS (
    SELECT c.*, CASE WHEN c.takes_offer THEN c.best_offer_px WHEN NOT c.takes_offer THEN c.best_bid_px END AS best_px,
           coalesce(c.mid_px, c.own_mid, (c.best_bid_px + c.best_offer_px) / 2) AS mid
      FROM compared AS c
  )
  SELECT p.id AS quote_id, p.quote_request_id, p.dealer, p.symbol, p.account, p.deals AS side, p.currency, p.px,
         CASE WHEN p.competes AND p.px IS NOT NULL
              THEN rank() OVER (PARTITION BY p.quote_request_id, p.alone, p.takes_offer, p.competes AND p.px IS NOT NULL ORDER BY CASE WHEN p.takes_offer THEN p.px ELSE - p.px END) END AS rank,
         trim_scale(CASE WHEN p.takes_offer THEN p.px - p.best_px ELSE p.best_px - p.px END) AS distance_to_best,
         trim_scale(CASE WHEN p.takes_offer THEN p.px - p.mid ELSE p.mid - p.px END) AS distance_to_mid,
         p.bid_px, p.offer_px, p.best_bid_px - p.bid_px AS bid_distance, p.offer_px - p.best_offer_px AS offer_distance, trim_scale(p.mid) AS mid,
         p.offer_px - p.bid_px AS spread, CASE WHEN isfinite(p.created_at) AND isfinite(p.requested_at) THEN p.created_at - p.requested_at END AS response_time,
         CASE WHEN isfinite(p.answered_at) AND isfinite(p.accepted_at) THEN p.answered_at - p.accepted_at END AS hold_time,
         CASE WHEN p.status = 'ACCEPTED' THEN 'DEALT'
              WHEN p.status = 'ACTIVE' AND p.order_id IS NOT NULL THEN 'LAST_LOOK'
              WHEN p.status = 'REJECTED' AND p.order_id IS NOT NULL THEN 'LAST_LOOK_REJECTED'
              WHEN p.status = 'DECLINED' AND p.reason = 'COVER' THEN 'COVER'
              WHEN p.status = 'DECLINED' THEN 'TRADED_AWAY'
              WHEN p.superseding_quote_id IS NOT NULL THEN 'SUPERSEDED'
              ELSE p.status END AS outcome,
         p.status, p.quote_type, p.request_status, p.created_at, p.valid_until_time
    FROM priced AS p;
COMMENT ON VIEW oms.quote_competition IS 'One row a quote: how it stood against the others of its request, how fast it came, and what came of it';
COMMENT ON COLUMN oms.quote_competition.side IS 'What the request, or whoever accepted, deals; null: both sides are asked for';
COMMENT ON COLUMN oms.quote_competition.px IS 'The price that this side takes; sides are turned where the currency is the second one of a pair';
COMMENT ON COLUMN oms.quote_competition.rank IS '1: the best; equal prices share it; null: it does not compete (indicative, taken back, superseded), or has no price on the side';
COMMENT ON COLUMN oms.quote_competition.distance_to_best IS 'By how much the price is worse than the best one that competes; negative of one that does not';
COMMENT ON COLUMN oms.quote_competition.distance_to_mid IS 'By how much the price is worse than mid';
COMMENT ON COLUMN oms.quote_competition.bid_distance IS 'By how much its bid is below the best bid';
COMMENT ON COLUMN oms.quote_competition.offer_distance IS 'By how much its offer is above the best offer';
COMMENT ON COLUMN oms.quote_competition.mid IS 'MidPx (631) of the quote, else between its sides, else between the best of all';
COMMENT ON COLUMN oms.quote_competition.response_time IS 'From the request to the quote';
COMMENT ON COLUMN oms.quote_competition.hold_time IS 'From the acceptance to the dealer''s answer, where he had the last look';
COMMENT ON COLUMN oms.quote_competition.outcome IS 'DEALT, COVER, TRADED_AWAY, LAST_LOOK (he has it now), LAST_LOOK_REJECTED, SUPERSEDED; else its status';

CREATE OR REPLACE VIEW oms.dealer_statistics WITH (security_invoker = true) AS
  WITH quoted AS (
    -- one row a request and dealer, whatever he quoted
    SELECT c.dealer, c.symbol, coalesce(c.quote_request_id, c.quote_id) AS request, min(oms.trading_day(coalesce(r.created_at, c.created_at))) AS day,
           count(*) AS quotes, bool_or(c.outcome = 'DEALT') AS dealt, bool_or(c.outcome = 'COVER') AS cover, bool_or(c.request_status = 'ACCEPTED') AS decided,
           count(*) FILTER (WHERE c.outcome = 'LAST_LOOK_REJECTED') AS last_look_rejects,
           min(c.response_time) AS response_time, sum(c.hold_time) AS held, count(c.hold_time) AS holds, min(c.rank) AS rank, min(c.distance_to_best) FILTER (WHERE c.rank IS NOT NULL) AS distance
      FROM oms.quote_competition AS c
      LEFT JOIN oms.quote_requests AS r ON r.id = c.quote_request_id
     WHERE c.dealer IS NOT NULL
     GROUP BY c.dealer, c.symbol, coalesce(c.quote_request_id, c.quote_id)
  ), asked AS (
    SELECT a.dealer, r.symbol, r.id AS request, oms.trading_day(r.created_at) AS day
      FROM oms.quote_requests AS r
     CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(r.dealers) WHEN 'array' THEN r.dealers ELSE '[]' END) AS a (dealer)
    UNION
    SELECT x.rejection ->> 'dealer', r.symbol, r.id, oms.trading_day(r.created_at)
      FROM oms.quote_requests AS r
     CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(r.rejections) WHEN 'array' THEN r.rejections ELSE '[]' END) AS x (rejection)
     WHERE x.rejection ->> 'dealer' IS NOT NULL
    UNION
    SELECT q.dealer, q.symbol, q.request, q.day FROM quoted AS q
  )
  SELECT a.dealer, a.symbol, a.day, count(*) AS requests, count(q.request) AS quoted, coalesce(sum(q.quotes), 0)::bigint AS quotes,
         count(*) FILTER (WHERE q.dealt) AS dealt, count(*) FILTER (WHERE q.cover) AS covers, coalesce(sum(q.last_look_rejects), 0)::bigint AS last_look_rejects,
         round(count(*) FILTER (WHERE q.dealt)::numeric / nullif(count(q.request), 0), 4) AS hit_ratio,
         round(count(*) FILTER (WHERE q.cover)::numeric / nullif(count(*) FILTER (WHERE q.decided AND NOT q.dealt), 0), 4) AS cover_ratio,
         round(count(q.request)::numeric / count(*), 4) AS response_ratio,
         avg(q.response_time) AS response_time, sum(q.held) / nullif(sum(q.holds), 0)::float8 AS hold_time, round(avg(q.rank), 4) AS average_rank, trim_scale(avg(q.distance)) AS average_distance
    FROM asked AS a
    LEFT JOIN quoted AS q ON q.dealer = a.dealer AND q.symbol = a.symbol AND q.request = a.request
   GROUP BY a.dealer, a.symbol, a.day;
COMMENT ON VIEW oms.dealer_statistics IS 'One row a dealer, symbol and trading day: how often he was asked, quoted, dealt, or was the next best, how fast, and how often he used a last look';
COMMENT ON COLUMN oms.dealer_statistics.requests IS 'Requests that he was asked, as they say it, quoted, or rejected; a quote that nobody asked for counts as one';
COMMENT ON COLUMN oms.dealer_statistics.quoted IS 'Requests that he quoted';
COMMENT ON COLUMN oms.dealer_statistics.hit_ratio IS 'dealt / quoted';
COMMENT ON COLUMN oms.dealer_statistics.cover_ratio IS 'covers / requests that he quoted and another dealt';
COMMENT ON COLUMN oms.dealer_statistics.response_ratio IS 'quoted / requests';
COMMENT ON COLUMN oms.dealer_statistics.response_time IS 'From request to his first quote, on average';
COMMENT ON COLUMN oms.dealer_statistics.hold_time IS 'How long he held acceptances under last look, on average';
COMMENT ON COLUMN oms.dealer_statistics.average_distance IS 'By how much his best price was worse than the best of all, on average';
