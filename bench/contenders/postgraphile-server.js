import http from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';

/*
 * PostGraphile as a library on Node's own server, with the settings that its documentation recommends for production: no
 * GraphiQL, no watching, prepared statements, and no pgSettings, without which a query needs no transaction.
 */
const pgl = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ['public', 'bench'],
      poolConfig: { max: 10 },
    }),
  ],
  grafserv: { graphiql: false, watch: false, websockets: false },
  grafast: { explain: false },
  // Lists beside connections, where the gateway has a list; and the edges of foreign keys of two columns, of which the
  // indexes here lead with one.
  schema: { defaultBehavior: '+connection +list' },
  disablePlugins: ['PgIndexBehaviorsPlugin'],
});
const server = http.createServer();
server.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
await pgl.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
