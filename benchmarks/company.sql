-- A company of a chosen size, the same rows every time. The setting bench.orders says how many orders.
-- Texts are plain ASCII in words of letters and digits, so that a search token is a lower-case word.

CREATE FUNCTION pg_temp.orders() RETURNS int LANGUAGE sql STABLE
  AS $$ SELECT current_setting('bench.orders')::int $$;

CREATE FUNCTION pg_temp.products() RETURNS int LANGUAGE sql STABLE
  AS $$ SELECT greatest(1000, pg_temp.orders() / 100) $$;

-- A key that sorts by time as UUIDv7 does: milliseconds, the kind of row in three digits, its number.
CREATE FUNCTION pg_temp.key(kind text, number bigint, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || kind || '8'
    || lpad(to_hex(number), 15, '0'))::uuid $$;

CREATE FUNCTION pg_temp.opened() RETURNS timestamptz LANGUAGE sql IMMUTABLE
  AS $$ SELECT timestamptz '2023-12-31 00:00:00+00' $$;

-- Orders are spread evenly over two years.
CREATE FUNCTION pg_temp.placed_at(number bigint) RETURNS timestamptz LANGUAGE sql STABLE
  AS $$ SELECT timestamptz '2024-01-01 00:00:00+00'
    + floor((number - 1) * 63072000.0 / pg_temp.orders()) * interval '1 second' $$;

CREATE FUNCTION pg_temp.words(text text) RETURNS SETOF text LANGUAGE sql IMMUTABLE
  AS $$
    SELECT word FROM regexp_split_to_table(lower(text), '[^a-z0-9]+') word WHERE word <> ''
    UNION SELECT regexp_replace(chunk, '[^a-z0-9]+', '', 'g') FROM regexp_split_to_table(lower(text), ' +') chunk
    WHERE chunk ~ '[a-z0-9]'
  $$;

-- Catalog and warehouses: a thousand products, more for a company of more than 100,000 orders.

INSERT INTO category (id, name, attributes, created_at, updated_at, version)
SELECT pg_temp.key('0ca', i, pg_temp.opened()), 'Category ' || lpad(i::text, 2, '0'), '[]',
  pg_temp.opened(), pg_temp.opened(), 1
FROM generate_series(1, 20) i;

INSERT INTO supplier (id, code, name, sort_name, lead_time_days, created_at, updated_at, version)
SELECT pg_temp.key('05a', i, pg_temp.opened()), 'S-' || i, 'Supplier ' || i, 'supplier ' || i, 7,
  pg_temp.opened(), pg_temp.opened(), 1
FROM generate_series(1, 10) i;

CREATE TEMP TABLE made_product AS
SELECT i AS number, pg_temp.key('09a', i, pg_temp.opened()) AS id, 'SKU-' || lpad(i::text, 5, '0') AS sku,
  (ARRAY['Steel', 'Oak', 'Copper', 'Linen', 'Glass', 'Clay', 'Cork', 'Brass'])[1 + i % 8] || ' '
  || (ARRAY['Bracket', 'Hinge', 'Lamp', 'Kettle', 'Shelf', 'Hook', 'Frame', 'Basket', 'Vase'])[1 + i % 9]
  || ' ' || i AS name,
  100 + (i * 7919) % 20000 AS price_minor
FROM generate_series(1, pg_temp.products()) i;
ANALYZE made_product;

INSERT INTO product (id, sku, barcode, name, sort_name, category_id, supplier_id, unit, price_minor, currency,
  price_quantity, cost_minor, tax_rate, backorder, tracking, discontinued, attributes,
  created_at, updated_at, version, event_seq)
SELECT id, sku, '40' || lpad(number::text, 11, '0'), name, lower(name),
  pg_temp.key('0ca', 1 + number % 20, pg_temp.opened()), pg_temp.key('05a', 1 + number % 10, pg_temp.opened()),
  'piece', price_minor, 'EUR', 1, price_minor / 2, 0.19, 'DENY', 'NONE', false, '{}',
  pg_temp.opened(), pg_temp.opened(), 1, 0
FROM made_product;

INSERT INTO warehouse (id, code, name, priority, created_at, updated_at, version)
SELECT pg_temp.key('03a', i, pg_temp.opened()), code, code || ' warehouse', 100 * i,
  pg_temp.opened(), pg_temp.opened(), 1
FROM unnest(ARRAY['AMS', 'BER', 'MAD']) WITH ORDINALITY AS place(code, i);

-- Customers: one for ten orders. Number 1 alone has some 1,200 orders, and is last by name.

CREATE TEMP TABLE made_customer AS
SELECT i AS number, pg_temp.key('0c0', i, pg_temp.opened()) AS id,
  CASE WHEN i = 1 THEN 'Zenith Wholesale' ELSE
    (ARRAY['Ada', 'Alan', 'Anita', 'Barbara', 'Blaise', 'Claude', 'Donald', 'Edith', 'Emil', 'Emmy', 'Frances',
      'Grace', 'Hedy', 'Ida', 'Jean', 'John', 'Karen', 'Kurt', 'Leslie', 'Linus', 'Margaret', 'Mary', 'Niklaus',
      'Noether', 'Olga', 'Paul', 'Peter', 'Radia', 'Robin', 'Rosa', 'Sofia', 'Stephen', 'Susan', 'Tim', 'Tony',
      'Ursula', 'Vint', 'Wilma', 'Xenia', 'Yukihiro'])[1 + i % 40] || ' '
    || (ARRAY['Ash', 'Birch', 'Black', 'Brook', 'Church', 'Cliff', 'Clover', 'Dale', 'East', 'Elm', 'Fair', 'Fern',
      'Gold', 'Green', 'Hart', 'Hazel', 'High', 'Hill', 'Lake', 'Long', 'Marsh', 'North', 'Oak', 'Red', 'Silver',
      'South', 'Stone', 'West', 'White', 'Wood'])[1 + (i / 40) % 30]
    || (ARRAY['bank', 'berg', 'bridge', 'burn', 'bury', 'by', 'dale', 'den', 'field', 'ford', 'gate', 'grove', 'ham',
      'hurst', 'land', 'ley', 'man', 'mere', 'mill', 'mond', 'more', 'pool', 'ridge', 'shaw', 'son', 'stead', 'ton',
      'ward', 'well', 'worth'])[1 + (i / 1200) % 30]
  END AS name
FROM generate_series(1, pg_temp.orders() / 10) i;
ANALYZE made_customer;

INSERT INTO customer (id, code, name, sort_name, email, email_key, tags, preferences, credit_rating, credit_used_minor,
  lifetime_minor, terms_days, blocked, created_at, updated_at, version, event_seq)
SELECT id, 'C-' || lpad(number::text, 7, '0'), name, lower(name), 'customer' || number || '@example.test',
  'customer' || number || '@example.test', '[]', '{}', 'UNRATED', 0, 0, 30, false,
  pg_temp.opened(), pg_temp.opened(), 1, 1
FROM made_customer;

INSERT INTO customer_address (id, customer_id, position, name, lines, city, postal_code, country_code, created_at)
SELECT pg_temp.key('0ad', number, pg_temp.opened()), id, 0, name, jsonb_build_array(number % 200 || ' High Street'),
  (ARRAY['Amsterdam', 'Berlin', 'Madrid', 'Wien'])[1 + number % 4], lpad((number % 99999)::text, 5, '0'),
  (ARRAY['NL', 'DE', 'ES', 'AT'])[1 + number % 4], pg_temp.opened()
FROM made_customer;

-- Orders: every so many go to customer 1, the others have 6 to 14 each. The newest 4 % are still open.

CREATE TEMP TABLE made_order AS
WITH shared AS (
  SELECT row_number() OVER (ORDER BY turn, customer) AS place, customer
  FROM generate_series(1, 14) turn JOIN generate_series(2, pg_temp.orders() / 10) customer ON turn <= 6 + customer % 9
), numbered AS (
  SELECT number, number % (pg_temp.orders() / 1200) = 0 AS of_the_first,
    number - number / (pg_temp.orders() / 1200) AS place
  FROM generate_series(1, pg_temp.orders()) number
)
SELECT number, pg_temp.key('0da', number, pg_temp.placed_at(number)) AS id, pg_temp.placed_at(number) AS at,
  CASE WHEN of_the_first THEN 1 ELSE shared.customer END AS customer,
  CASE
    WHEN number % 17 = 0 THEN 'CANCELLED'
    WHEN number <= pg_temp.orders() * 0.96 THEN 'COMPLETED'
    WHEN number % 10 = 0 THEN 'ON_HOLD'
    WHEN number % 10 = 5 THEN 'AWAITING_APPROVAL'
    ELSE 'CONFIRMED'
  END AS status
FROM numbered LEFT JOIN shared ON shared.place = numbered.place AND NOT of_the_first
ORDER BY number;
ANALYZE made_order;

CREATE TEMP TABLE made_line AS
SELECT o.number AS order_number, position, o.id AS order_id, o.at, o.status,
  1 + (o.number * 101 + position * 257) % pg_temp.products() AS product,
  1 + (o.number * 3 + position) % 5 AS quantity
FROM made_order o, generate_series(0, 3) position
ORDER BY o.number, position;
ANALYZE made_line;

INSERT INTO customer_order (id, number, channel, customer_id, currency, status, fulfillment_status, payment_status,
  return_status, has_shipment, placed_at, sorted_at, line_count, subtotal_net_minor, subtotal_tax_minor,
  discount_minor, shipping_net_minor, shipping_tax_minor, total_net_minor, total_tax_minor, total_gross_minor,
  authorized_minor, charged_minor, refunded_minor, credit_minor, lifetime_minor, shipping_country, attributes, created_at, updated_at, version, event_seq)
SELECT o.id, 'SO-WEB-' || to_char(o.at AT TIME ZONE 'UTC', 'YYYYMM') || '-' || lpad(o.number::text, 7, '0'), 'WEB', c.id,
  'EUR', o.status,
  CASE o.status WHEN 'COMPLETED' THEN 'DELIVERED' WHEN 'CANCELLED' THEN 'UNFULFILLED' ELSE 'RESERVED' END,
  CASE o.status WHEN 'COMPLETED' THEN 'PAID' ELSE 'UNPAID' END,
  'NONE', o.status = 'COMPLETED', o.at, o.at, 4, sums.net, sums.tax, 0, 490, 93, sums.net + 490, sums.tax + 93,
  sums.net + sums.tax + 583, 0, CASE o.status WHEN 'COMPLETED' THEN sums.net + sums.tax + 583 ELSE 0 END, 0,
  CASE WHEN o.status IN ('COMPLETED', 'CANCELLED') THEN 0 ELSE sums.net + sums.tax + 583 END,
  CASE o.status WHEN 'CANCELLED' THEN 0 ELSE sums.net + sums.tax + 583 END,
  (ARRAY['NL', 'DE', 'ES', 'AT'])[1 + o.customer % 4], '{}', o.at, o.at, 1,
  CASE o.status WHEN 'COMPLETED' THEN 2 ELSE 1 END
FROM made_order o
JOIN made_customer c ON c.number = o.customer
JOIN (
  SELECT order_number, sum(quantity * price_minor) AS net, sum(round(quantity * price_minor * 0.19)) AS tax
  FROM made_line JOIN made_product p ON p.number = product GROUP BY order_number
) sums ON sums.order_number = o.number
ORDER BY o.number;

UPDATE customer SET credit_used_minor = owed, lifetime_minor = bought
FROM (
  SELECT customer_id, sum(credit_minor) AS owed, sum(lifetime_minor) AS bought FROM customer_order GROUP BY customer_id
) sums WHERE customer_id = customer.id;

INSERT INTO order_line (id, order_id, position, product_id, sku, name, quantity, currency, unit_price_minor, price_quantity,
  discount_rate, tax_rate, net_minor, tax_minor, discount_minor, reserved, backordered, preparing, shipped, delivered,
  returned, cancelled)
SELECT pg_temp.key('011', l.order_number * 4 + l.position, l.at), l.order_id, l.position, p.id, p.sku, p.name, l.quantity,
  'EUR', p.price_minor, 1, 0, 0.19, l.quantity * p.price_minor, round(l.quantity * p.price_minor * 0.19), 0,
  CASE WHEN l.status IN ('COMPLETED', 'CANCELLED') THEN 0 ELSE l.quantity END, 0, 0,
  CASE l.status WHEN 'COMPLETED' THEN l.quantity ELSE 0 END,
  CASE l.status WHEN 'COMPLETED' THEN l.quantity ELSE 0 END, 0,
  CASE l.status WHEN 'CANCELLED' THEN l.quantity ELSE 0 END
FROM made_line l JOIN made_product p ON p.number = l.product
ORDER BY l.order_number, l.position;

-- What completed orders left behind.

INSERT INTO shipment (id, number, order_id, warehouse_id, status, shipped_at, delivered_at, created_at, updated_at, version,
  event_seq)
SELECT pg_temp.key('05b', number, at), 'SH-' || number, id, pg_temp.key('03a', 1 + number % 3, pg_temp.opened()),
  'DELIVERED', at, at, at, at, 1, 0
FROM made_order WHERE status = 'COMPLETED' ORDER BY number;

INSERT INTO payment (id, order_id, kind, amount_minor, currency, method, at, created_at, actor_kind, actor_id)
SELECT pg_temp.key('0b0', m.number, m.at), m.id, 'CHARGE', o.total_gross_minor, 'EUR', 'transfer', m.at, m.at,
  'SYSTEM', 'company'
FROM made_order m JOIN customer_order o ON o.id = m.id WHERE m.status = 'COMPLETED' ORDER BY m.number;

INSERT INTO invoice (id, number, order_id, shipment_id, currency, net_minor, tax_minor, issued_at)
SELECT pg_temp.key('0b1', m.number, m.at), 'INV-' || m.number, m.id, pg_temp.key('05b', m.number, m.at), 'EUR',
  o.total_net_minor, o.total_tax_minor, m.at
FROM made_order m JOIN customer_order o ON o.id = m.id WHERE m.status = 'COMPLETED' ORDER BY m.number;

-- Stock: plenty, of which open orders hold some; every fiftieth item has sunk to its reorder point.

CREATE TEMP TABLE made_stock AS
SELECT p.number * 3 + w AS number, p.number AS product, w AS warehouse,
  pg_temp.key('05c', p.number * 3 + w, pg_temp.opened()) AS id
FROM made_product p, generate_series(0, 2) w;
ANALYZE made_stock;

INSERT INTO stock_item (id, product_id, warehouse_id, on_hand, reserved, damaged, incoming, safety_stock, reorder_point,
  reorder_quantity, movement_seq, available, is_low, sort_sku, sort_name, created_at, updated_at, version, event_seq)
SELECT s.id, p.id, pg_temp.key('03a', 1 + s.warehouse, pg_temp.opened()),
  coalesce(held.quantity, 0) + CASE WHEN s.number % 50 = 0 THEN 5 ELSE 1000 + s.number % 7 END,
  coalesce(held.quantity, 0), 0, 0, 0, 10, 100, 1 + (held.quantity IS NOT NULL)::int,
  CASE WHEN s.number % 50 = 0 THEN 5 ELSE 1000 + s.number % 7 END, s.number % 50 = 0, p.sku, lower(p.name),
  pg_temp.opened(), pg_temp.opened(), 1, 0
FROM made_stock s
JOIN made_product p ON p.number = s.product
LEFT JOIN (
  SELECT product, order_number % 3 AS warehouse, sum(quantity) AS quantity FROM made_line
  WHERE status NOT IN ('COMPLETED', 'CANCELLED') GROUP BY 1, 2
) held ON held.product = s.product AND held.warehouse = s.warehouse
ORDER BY s.number;

INSERT INTO stock_movement (id, stock_item_id, sequence, at, kind, quantity, on_hand_after, reserved_after, damaged_after,
  actor_kind, actor_id)
SELECT pg_temp.key('05d', m.number * 2 + step, pg_temp.opened()), s.id, 1 + step, pg_temp.opened(),
  CASE step WHEN 0 THEN 'RECEIPT' ELSE 'RESERVE' END, CASE step WHEN 0 THEN s.on_hand ELSE s.reserved END,
  s.on_hand, CASE step WHEN 0 THEN 0 ELSE s.reserved END, 0, 'SYSTEM', 'company'
FROM made_stock m JOIN stock_item s ON s.id = m.id JOIN generate_series(0, 1) step ON step < s.movement_seq
ORDER BY m.number, step;

INSERT INTO reservation (id, order_line_id, stock_item_id, quantity, created_at)
SELECT pg_temp.key('0a0', l.order_number * 4 + l.position, l.at),
  pg_temp.key('011', l.order_number * 4 + l.position, l.at), s.id, l.quantity, l.at
FROM made_line l JOIN made_stock s ON s.product = l.product AND s.warehouse = l.order_number % 3
WHERE l.status NOT IN ('COMPLETED', 'CANCELLED')
ORDER BY l.order_number, l.position;

ANALYZE customer, customer_order, stock_item;

-- The words that objects are found by.

INSERT INTO search_token (id, subject_kind, subject_id, field, token)
SELECT pg_temp.key('0e1', row_number() OVER (), pg_temp.opened()), 'PRODUCT', id, field, word
FROM made_product, LATERAL (VALUES ('name', name), ('sku', sku)) found_by(field, text), pg_temp.words(text) word;

INSERT INTO search_token (id, subject_kind, subject_id, field, token)
SELECT pg_temp.key('0e2', row_number() OVER (), pg_temp.opened()), 'CUSTOMER', id, field, word
FROM customer, LATERAL (VALUES ('name', name), ('code', code), ('email', email)) found_by(field, text),
  pg_temp.words(text) word;

INSERT INTO search_token (id, subject_kind, subject_id, field, token)
SELECT pg_temp.key('0e3', row_number() OVER (), o.sorted_at), 'ORDER', o.id, field, word
FROM customer_order o,
  LATERAL (
    SELECT 'number' AS field, pg_temp.words(o.number) AS word
    UNION ALL
    SELECT 'ending', '<' || reverse(replace(lower(o.number), '-', ''))
  ) found_by;

-- What happened, already numbered in the feed.

INSERT INTO event (id, position, subject_kind, subject_id, subject_seq, subject_version, kind, at, order_id, customer_id,
  data, before, after, actor_kind, actor_id)
SELECT pg_temp.key('0f0', position, at), position, subject_kind, subject_id, seq, 1, kind, at, order_id, customer_id,
  '{}', '{}', '{}', 'SYSTEM', 'company'
FROM (
  SELECT row_number() OVER (ORDER BY at, number, seq) AS position, * FROM (
    SELECT number, 'CUSTOMER' AS subject_kind, id AS subject_id, 1 AS seq, 'CUSTOMER_UPDATED' AS kind,
      pg_temp.opened() AS at, NULL::uuid AS order_id, id AS customer_id
    FROM made_customer
    UNION ALL
    SELECT o.number, 'ORDER', o.id, 1, 'ORDER_PLACED', o.at, o.id, c.id
    FROM made_order o JOIN made_customer c ON c.number = o.customer
    UNION ALL
    SELECT o.number, 'ORDER', o.id, 2, 'ORDER_STATUS_CHANGED', o.at, o.id, c.id
    FROM made_order o JOIN made_customer c ON c.number = o.customer WHERE o.status = 'COMPLETED'
  ) happened
) numbered
ORDER BY position;

UPDATE feed SET last_position = (SELECT max(position) FROM event);
