import 'reflect-metadata';
import { Breakers } from '../../src/gateway/breaker';
import { TestGateway } from '../../src/gateway/test-gateway';
import { createServer } from '../../src/server';
import { Connection } from '../../src/store/connection/connection';
import { Database } from '../../src/store/connection/database';
import { openPool } from '../../src/store/connection/session';
import { TestGatewayLedger } from '../../src/store/test-gateway';

/*
 * A process that sends webhooks, to be killed. It is the gateway as main.ts puts it together, but webhooks may go to receivers
 * on this machine, as in a demo. Serves requests too if PORT is set. Prints a line once it works.
 */
async function main(): Promise<void> {
  const url = process.env.DATABASE_URL!;
  const server = await createServer({
    services: {
      db: await Database.open({ url }),
      gateway: new TestGateway(new TestGatewayLedger(new Connection(openPool({ url }, 1)))),
      breakers: new Breakers(),
      onFailure: (error, what) => process.stderr.write(`${what}: ${(error as Error).stack}\n`),
      localWebhooks: true,
    },
    signingKey: 'a key of thirty-two characters or more',
  });
  server.webhooks.start();
  const { PORT } = process.env;
  if (PORT) await server.app.listen({ host: '127.0.0.1', port: Number(PORT) });
  process.stdout.write('started\n');
}

void main();
