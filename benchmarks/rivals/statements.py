"""The statements of the contestant `sql`: each gives the text of `data`.

Grouped common table expressions are the quicker form: each table is read once for the whole page,
where a correlated subquery would be run once for each object.
"""

from typing import Final

PLACED: Final = "('AWAITING_APPROVAL', 'CONFIRMED', 'ON_HOLD', 'COMPLETED')"


def global_id(kind: str, column: str) -> str:
    """The id that clients know, of a key."""
    text = f"convert_to('{kind}:' || replace({column}::text, '-', ''), 'UTF8')"
    return f"rtrim(translate(encode({text}, 'base64'), '+/', '-_'), '=')"


def money(column: str) -> str:
    """An amount in euros, of cents."""
    return f"json_build_object('amount', to_char({column} / 100.0, 'FM9999999999990.00'))"


def instant(column: str) -> str:
    """An instant in UTC."""
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


ORDER: Final = f"""'id', {global_id("Order", "o.id")}, 'number', o.number, 'status', o.status,
  'placedAt', {instant("o.placed_at")},
  'total', json_build_object('gross', {money("o.total_gross_minor")})"""

CUSTOMER: Final = f"'id', {global_id('Customer', 'c.id')}, 'name', c.name, 'email', c.email"
PRODUCT: Final = f"'id', {global_id('Product', 'p.id')}, 'sku', p.sku, 'name', p.name"

NESTED_PAGE: Final = f"""
WITH page AS (
  SELECT id, name, email, sort_name FROM customer ORDER BY sort_name, id LIMIT 20
), placed AS (
  SELECT o.* FROM page CROSS JOIN LATERAL (
    SELECT id, customer_id, number, status, placed_at, sorted_at, total_gross_minor
    FROM customer_order WHERE customer_id = page.id ORDER BY sorted_at DESC, id DESC LIMIT 10
  ) o
), line AS (
  SELECT order_id, position, quantity, unit_price_minor, product_id
  FROM placed JOIN order_line ON order_id = placed.id
), stock AS (
  SELECT product_id, json_agg(json_build_object('warehouse', json_build_object('code', w.code),
    'onHand', on_hand, 'reserved', reserved) ORDER BY warehouse_id) AS items
  FROM stock_item JOIN warehouse w ON w.id = warehouse_id
  WHERE product_id IN (SELECT product_id FROM line) GROUP BY product_id
), article AS (
  SELECT p.id, json_build_object({PRODUCT}, 'stock', coalesce(stock.items, '[]')) AS product
  FROM product p LEFT JOIN stock ON stock.product_id = p.id
  WHERE p.id IN (SELECT product_id FROM line)
), lines AS (
  SELECT order_id, json_agg(json_build_object('quantity', quantity,
    'unitPrice', {money("unit_price_minor")}, 'product', article.product)
    ORDER BY position) AS nodes
  FROM line LEFT JOIN article ON article.id = product_id GROUP BY order_id
), orders AS (
  SELECT customer_id, json_agg(json_build_object({ORDER}, 'lines', coalesce(lines.nodes, '[]'))
    ORDER BY sorted_at DESC, id DESC) AS nodes
  FROM placed o LEFT JOIN lines ON order_id = o.id GROUP BY customer_id
)
SELECT json_build_object('customers', json_build_object('nodes', json_agg(json_build_object(
  {CUSTOMER}, 'orders', json_build_object('nodes', coalesce(orders.nodes, '[]')))
  ORDER BY sort_name, id)))::text
FROM page c LEFT JOIN orders ON customer_id = c.id
"""

ONE_ORDER: Final = f"""
SELECT json_build_object('order', (
  SELECT json_build_object({ORDER}, 'customer', json_build_object({CUSTOMER}), 'lines', (
    SELECT json_agg(json_build_object('quantity', l.quantity,
      'unitPrice', {money("l.unit_price_minor")}, 'product', json_build_object({PRODUCT}))
      ORDER BY l.position)
    FROM order_line l LEFT JOIN product p ON p.id = l.product_id WHERE l.order_id = o.id))
  FROM customer_order o JOIN customer c ON c.id = o.customer_id WHERE o.id = $1))::text
"""

FIFTY_ORDERS: Final = f"""
SELECT json_build_object('orders', json_build_object('nodes', json_agg(json_build_object(
  'id', {global_id("Order", "o.id")}, 'number', o.number, 'status', o.status,
  'total', json_build_object('gross', {money("o.total_gross_minor")}),
  'lineCount', o.line_count, 'customer', json_build_object('name', c.name))
  ORDER BY o.sorted_at DESC, o.id DESC)))::text
FROM (SELECT * FROM customer_order ORDER BY sorted_at DESC, id DESC LIMIT 50) o
JOIN customer c ON c.id = o.customer_id
"""

WALK: Final = """
SELECT json_build_object('customer', json_build_object('orders', json_build_object(
  'pageInfo', json_build_object('endCursor', (
    SELECT sorted_at || '|' || id FROM (
      SELECT sorted_at, id FROM customer_order
      WHERE customer_id = $1
        AND ($2::text IS NULL OR (sorted_at, id) < ($2::text::timestamptz, $3::text::uuid))
      ORDER BY sorted_at DESC, id DESC LIMIT 100
    ) page ORDER BY sorted_at, id LIMIT 1)))))::text
"""

DEEP_PAGE: Final = f"""
WITH found AS (
  SELECT * FROM customer_order
  WHERE customer_id = $1 AND (sorted_at, id) < ($2::text::timestamptz, $3::text::uuid)
  ORDER BY sorted_at DESC, id DESC LIMIT 51
)
SELECT json_build_object('customer', (
  SELECT json_build_object('name', c.name, 'orders', json_build_object(
    'nodes', (
      SELECT coalesce(json_agg(json_build_object({ORDER}) ORDER BY sorted_at DESC, id DESC), '[]')
      FROM (SELECT * FROM found ORDER BY sorted_at DESC, id DESC LIMIT 50) o),
    'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > 50 FROM found))))
  FROM customer c WHERE c.id = $1))::text
"""

REPORT: Final = f"""
WITH page AS (
  SELECT id, name, sort_name FROM customer ORDER BY sort_name, id LIMIT 20
), placed AS (
  SELECT id, customer_id, currency, total_gross_minor FROM customer_order
  WHERE customer_id IN (SELECT id FROM page) AND status IN {PLACED}
), totals AS (
  SELECT customer_id, count(*) AS orders,
    coalesce(sum(total_gross_minor) FILTER (WHERE currency = 'EUR'), 0) AS value
  FROM placed GROUP BY customer_id
), counted AS (
  SELECT customer_id, product_id, count(DISTINCT order_id) AS times
  FROM placed JOIN order_line ON order_id = placed.id
  WHERE product_id IS NOT NULL GROUP BY customer_id, product_id
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY times DESC, product_id) AS place
  FROM counted
), best AS (
  SELECT customer_id, json_agg(json_build_object('score', times::float8 / orders,
    'reason', format('In %s of %s orders.', times, orders),
    'product', json_build_object('sku', sku, 'name', name)) ORDER BY place) AS products
  FROM ranked JOIN totals USING (customer_id) JOIN product ON product.id = product_id
  WHERE place <= 5 GROUP BY customer_id
), valued AS (
  SELECT page.*, coalesce(value, 0) AS value, coalesce(products, '[]') AS products
  FROM page LEFT JOIN totals ON totals.customer_id = page.id
  LEFT JOIN best ON best.customer_id = page.id
)
SELECT json_build_object('customers', json_build_object('nodes', json_agg(json_build_object(
  'id', {global_id("Customer", "id")}, 'name', name, 'lifetimeValue', {money("value")},
  'loyalty', json_build_object('points', floor(value / 100)::bigint,
    'tier', CASE WHEN value >= 5000000 THEN 'GOLD' WHEN value >= 1000000 THEN 'SILVER'
      WHEN value >= 100000 THEN 'BRONZE' ELSE 'NONE' END,
    'discountRate', CASE WHEN value >= 5000000 THEN '0.05' WHEN value >= 1000000 THEN '0.03'
      WHEN value >= 100000 THEN '0.01' ELSE '0' END),
  'frequentProducts', products) ORDER BY sort_name, id)))::text
FROM valued
"""

STATEMENTS: Final = {
    "nested_page": NESTED_PAGE,
    "one_order": ONE_ORDER,
    "fifty_orders": FIFTY_ORDERS,
    "walk": WALK,
    "deep_page": DEEP_PAGE,
    "report": REPORT,
}
