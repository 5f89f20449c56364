// PostGraphile v5: the schema that it makes of the tables, with its usual presets.
import { createServer } from 'node:http'
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'

const service = makePgService({
  connectionString: process.env.BENCH_DATABASE_URL,
  poolConfig: { max: 16, idleTimeoutMillis: 0 },
  schemas: ['public']
})
const api = postgraphile({
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
  pgServices: [service],
  grafserv: { graphiql: false, graphqlPath: '/graphql', watch: false },
  grafast: { explain: false }
})
if (process.env.BENCH_PRINT_SCHEMA) {
  const { printSchema } = await import('graphql')
  console.log(printSchema(await api.getSchema()))
  process.exit(0)
}
const server = createServer()
await api.createServ(grafserv).addTo(server)
server.listen(Number(process.env.BENCH_PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
