import 'reflect-metadata';
import { ConfigError, readConfig } from '../config';
import { fillDemo } from '../demo/fill';
import { Breakers } from '../gateway/breaker';
import { TestGateway } from '../gateway/test-gateway';
import type { Services } from '../service/run/services';
import { Connection } from '../store/connection/connection';
import { emptyDatabase } from '../store/connection/database';
import { OpenError, openDatabase } from '../store/connection/open-database';
import { openPool } from '../store/connection/session';
import { TestGatewayLedger } from '../store/test-gateway';
import { withoutArguments } from './command';

/** `npm run demo:reset`: restores the embedded database as of its first start. A running server can keep running. */
async function reset(): Promise<void> {
  const config = readConfig(process.env);
  if (config.databaseUrl) {
    throw new ConfigError('DATABASE_URL is set, but only the embedded database has demo data. Nothing was changed.');
  }
  const { db, options, close } = await openDatabase(config);
  const gatewayPool = openPool(options, 1);
  const services: Services = {
    db,
    gateway: new TestGateway(new TestGatewayLedger(new Connection(gatewayPool))),
    breakers: new Breakers(),
    onFailure: (error) => {
      throw error;
    },
  };
  try {
    await emptyDatabase(options);
    await fillDemo(services, options);
  } finally {
    await gatewayPool.end();
    await close();
  }
  process.stdout.write('The demo data is as it was at the first start.\n');
}

withoutArguments(
  `Usage: npm run demo:reset

Restores the demo data of the embedded database as of the first start. Everything that was added is deleted, clients included. A
running server can keep running.`,
);
reset().catch((error) => {
  process.stderr.write(
    `${error instanceof ConfigError || error instanceof OpenError ? error.message : String((error as Error).stack)}\n`,
  );
  process.exit(1);
});
