// Fastify and mercurius with its JIT, its batched loaders, and node-postgres with prepared statements.
import Fastify from 'fastify'
import { GraphQLScalarType } from 'graphql'
import mercurius from 'mercurius'
import pg from 'pg'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE_URL, max: 16, idleTimeoutMillis: 0 })
const names = new Map()

async function rows (text, values) {
  if (!names.has(text)) names.set(text, `s${names.size}`)
  return (await pool.query({ name: names.get(text), text, values })).rows
}

const schema = `
scalar DateTime
scalar Decimal
scalar Cursor
enum OrderStatus { DRAFT AWAITING_APPROVAL CONFIRMED ON_HOLD COMPLETED CANCELLED }
type Money { amount: Decimal! }
type TaxedMoney { gross: Money! }
type PageInfo { hasNextPage: Boolean! endCursor: Cursor }
type Warehouse { code: String! }
type StockItem { warehouse: Warehouse! onHand: Int! reserved: Int! }
type Product { id: ID! sku: String! name: String! stock: [StockItem!]! }
type OrderLine { quantity: Int! unitPrice: Money! product: Product }
type Loyalty { tier: String! points: Int! discountRate: Decimal! }
type ProductScore { product: Product! score: Float! reason: String! }
type Customer {
  id: ID! name: String! email: String
  orders(first: Int = 20, after: Cursor): OrderConnection!
  lifetimeValue: Money loyalty: Loyalty frequentProducts(first: Int! = 10): [ProductScore!]!
}
type CustomerConnection { nodes: [Customer!]! }
type Order {
  id: ID! number: String! status: OrderStatus! placedAt: DateTime total: TaxedMoney! lineCount: Int!
  customer: Customer! lines: [OrderLine!]!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
type Query {
  customers(first: Int = 20): CustomerConnection!
  customer(id: ID): Customer
  orders(first: Int = 20): OrderConnection!
  order(id: ID): Order
}`

const ORDER = `o.id, o.number, o.status, o.placed_at AS "placedAt", o.sorted_at, o.line_count AS "lineCount",
  o.total_gross_minor, o.customer_id`
const PLACED = "('AWAITING_APPROVAL', 'CONFIRMED', 'ON_HOLD', 'COMPLETED')"
const TIERS = [['GOLD', 5_000_000, '0.05'], ['SILVER', 1_000_000, '0.03'], ['BRONZE', 100_000, '0.01']]

const globalId = (kind, key) => Buffer.from(`${kind}:${key.replaceAll('-', '')}`).toString('base64url')
const keyOf = text => Buffer.from(text, 'base64url').toString().split(':')[1]
const identified = kind => ({ id: row => globalId(kind, row.id) })
const cursorOf = order => Buffer.from(`${order.sorted_at.toISOString()}|${order.id}`).toString('base64url')
const placeOf = cursor => Buffer.from(cursor, 'base64url').toString().split('|')

function money (minor) {
  const digits = String(minor).padStart(3, '0')
  return { amount: `${digits.slice(0, -2)}.${digits.slice(-2)}` }
}

function page (found, first) {
  const nodes = found.slice(0, first)
  const endCursor = nodes.length ? cursorOf(nodes.at(-1)) : null
  return { nodes, pageInfo: { hasNextPage: found.length > first, endCursor } }
}

function grouped (found, column, keys) {
  const groups = new Map()
  for (const row of found) {
    const group = groups.get(row[column])
    if (group) group.push(row)
    else groups.set(row[column], [row])
  }
  return keys.map(key => groups.get(key) ?? [])
}

async function byKey (text, keys) {
  const found = new Map((await rows(text, [[...new Set(keys)]])).map(row => [row.id, row]))
  return keys.map(key => found.get(key) ?? null)
}

const products = keys => byKey('SELECT id, sku, name FROM product WHERE id = ANY($1::uuid[])', keys)

function ordersOfCustomers (keys, first) {
  return rows(`SELECT ${ORDER} FROM unnest($1::uuid[]) AS c(id) CROSS JOIN LATERAL (
      SELECT * FROM customer_order WHERE customer_id = c.id ORDER BY sorted_at DESC, id DESC LIMIT $2
    ) o ORDER BY o.customer_id, o.sorted_at DESC, o.id DESC`, [keys, first + 1])
}

function ordersAfter (key, first, after) {
  return rows(`SELECT ${ORDER} FROM customer_order o WHERE customer_id = $1 AND (sorted_at, id) < ($3, $4)
    ORDER BY sorted_at DESC, id DESC LIMIT $2`, [key, first + 1, ...placeOf(after)])
}

async function valuesOf (keys) {
  const found = await rows(`SELECT customer_id, sum(total_gross_minor)::bigint AS value FROM customer_order
    WHERE customer_id = ANY($1::uuid[]) AND status IN ${PLACED} AND currency = 'EUR' GROUP BY 1`, [keys])
  const values = new Map(found.map(row => [row.customer_id, row.value]))
  return keys.map(key => values.get(key) ?? 0)
}

const resolvers = {
  DateTime: new GraphQLScalarType({
    name: 'DateTime',
    serialize: instant => instant.toISOString().replace('.000Z', 'Z')
  }),
  Customer: identified('Customer'),
  Product: identified('Product'),
  Order: { ...identified('Order'), total: order => ({ gross: money(order.total_gross_minor) }) },
  OrderLine: { unitPrice: line => money(line.unit_price_minor) },
  Query: {
    async customers (_, { first }) {
      return { nodes: await rows('SELECT id, name, email FROM customer ORDER BY sort_name, id LIMIT $1', [first]) }
    },
    async customer (_, { id }) {
      return (await rows('SELECT id, name, email FROM customer WHERE id = $1', [keyOf(id)]))[0]
    },
    async orders (_, { first }) {
      const found = await rows(`SELECT ${ORDER} FROM customer_order o ORDER BY sorted_at DESC, id DESC LIMIT $1`,
        [first + 1])
      return page(found, first)
    },
    async order (_, { id }) {
      return (await rows(`SELECT ${ORDER} FROM customer_order o WHERE id = $1`, [keyOf(id)]))[0]
    }
  }
}

const loaders = {
  Customer: {
    async orders (queries) {
      const { first, after } = queries[0].params
      const keys = queries.map(query => query.obj.id)
      const found = after
        ? (await Promise.all(keys.map(key => ordersAfter(key, first, after)))).flat()
        : await ordersOfCustomers(keys, first)
      return grouped(found, 'customer_id', keys).map(group => page(group, first))
    },
    async lifetimeValue (queries) {
      return (await valuesOf(queries.map(query => query.obj.id))).map(money)
    },
    async loyalty (queries) {
      return (await valuesOf(queries.map(query => query.obj.id))).map(value => {
        const [tier, , discountRate] = TIERS.find(([, threshold]) => value >= threshold) ?? ['NONE', 0, '0']
        return { tier, points: Math.floor(value / 100), discountRate }
      })
    },
    async frequentProducts (queries) {
      const keys = queries.map(query => query.obj.id)
      const bought = await rows(`
        WITH placed AS (
          SELECT id, customer_id FROM customer_order WHERE customer_id = ANY($1::uuid[]) AND status IN ${PLACED}
        ), counted AS (
          SELECT customer_id, product_id, count(DISTINCT order_id)::int AS times
          FROM placed JOIN order_line ON order_id = placed.id WHERE product_id IS NOT NULL GROUP BY 1, 2
        ), ranked AS (
          SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY times DESC, product_id) AS place FROM counted
        )
        SELECT ranked.*, totals.orders FROM ranked
        JOIN (SELECT customer_id, count(*)::int AS orders FROM placed GROUP BY 1) totals USING (customer_id)
        WHERE place <= $2 ORDER BY customer_id, place`, [keys, queries[0].params.first])
      const found = await products(bought.map(row => row.product_id))
      bought.forEach((row, index) => { row.product = found[index] })
      return grouped(bought, 'customer_id', keys).map(group => group.map(({ product, times, orders }) =>
        ({ product, score: times / orders, reason: `In ${times} of ${orders} orders.` })))
    }
  },
  Order: {
    async lines (queries) {
      const keys = queries.map(query => query.obj.id)
      const found = await rows(`SELECT order_id, quantity, unit_price_minor, product_id FROM order_line
        WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, position`, [keys])
      return grouped(found, 'order_id', keys)
    },
    customer (queries) {
      return byKey('SELECT id, name, email FROM customer WHERE id = ANY($1::uuid[])',
        queries.map(query => query.obj.customer_id))
    }
  },
  OrderLine: {
    product: queries => products(queries.map(query => query.obj.product_id))
  },
  Product: {
    async stock (queries) {
      const keys = queries.map(query => query.obj.id)
      const found = await rows(`SELECT product_id, warehouse_id, on_hand AS "onHand", reserved FROM stock_item
        WHERE product_id = ANY($1::uuid[]) ORDER BY product_id, warehouse_id`, [[...new Set(keys)]])
      return grouped(found, 'product_id', keys)
    }
  },
  StockItem: {
    warehouse: queries => byKey('SELECT id, code FROM warehouse WHERE id = ANY($1::uuid[])',
      queries.map(query => query.obj.warehouse_id))
  }
}

const app = Fastify()
app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
await app.listen({ host: '127.0.0.1', port: Number(process.env.BENCH_PORT) })
process.on('SIGTERM', () => process.exit(0))
