-- PostGraphile's way to a computed field: a function of the row, found by its name.

CREATE OR REPLACE FUNCTION customer_lifetime_value_minor(c customer) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(total_gross_minor), 0)::bigint FROM customer_order
  WHERE customer_id = c.id AND status IN ('AWAITING_APPROVAL', 'CONFIRMED', 'ON_HOLD', 'COMPLETED')
    AND currency = 'EUR'
$$;

CREATE OR REPLACE FUNCTION customer_loyalty(c customer, OUT tier text, OUT points int, OUT discount_rate text)
LANGUAGE sql STABLE AS $$
  SELECT
    CASE WHEN value >= 5000000 THEN 'GOLD' WHEN value >= 1000000 THEN 'SILVER' WHEN value >= 100000 THEN 'BRONZE'
      ELSE 'NONE' END,
    (value / 100)::int,
    CASE WHEN value >= 5000000 THEN '0.05' WHEN value >= 1000000 THEN '0.03' WHEN value >= 100000 THEN '0.01'
      ELSE '0' END
  FROM customer_lifetime_value_minor(c) AS value
$$;

CREATE OR REPLACE FUNCTION customer_frequent_products(c customer, OUT score float8, OUT reason text, OUT sku text,
  OUT name text) RETURNS SETOF record LANGUAGE sql STABLE AS $$
  WITH placed AS (
    SELECT id FROM customer_order
    WHERE customer_id = c.id AND status IN ('AWAITING_APPROVAL', 'CONFIRMED', 'ON_HOLD', 'COMPLETED')
  ), counted AS (
    SELECT product_id, count(DISTINCT order_id) AS times FROM placed JOIN order_line ON order_id = placed.id
    WHERE product_id IS NOT NULL GROUP BY product_id
  )
  SELECT times::float8 / orders, format('In %s of %s orders.', times, orders), p.sku, p.name
  FROM counted JOIN product p ON p.id = product_id, (SELECT count(*) AS orders FROM placed) total
  ORDER BY times DESC, product_id
$$;
