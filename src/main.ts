import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { addressError, checkAddress } from './address';
import { withoutArguments } from './command/command';
import { type Config, ConfigError, readConfig } from './config';
import { registerBoard } from './demo/board';
import { DemoError, demoClientId, demoSecret, fillDemo } from './demo/fill';
import { Breakers } from './gateway/breaker';
import { withTimeout } from './gateway/port';
import { unhandledRejections } from './http/metrics';
import { openLog } from './log';
import { logOutages } from './outage-log';
import { type OpenPayments, openPayments } from './payments';
import { createServer, type Server } from './server';
import { startWorkers } from './service/bill-run-worker';
import { anyClient, isDemo, missingFor } from './service/client';
import { keepHouse } from './service/housekeeping';
import { levelOf, tellOutage } from './service/run/outage';
import type { Services } from './service/run/services';
import { type OpenDatabase, OpenError, openDatabase } from './store/connection/open-database';
import { preparedStatements } from './store/connection/prepared';
import { Replicas } from './store/connection/replicas';
import type { Tracing } from './tracing';
import { tell, welcome } from './welcome';

/**
 * Handles a signal. Before the server listens, the process just ends. Node would do the same, except as the first
 * process of a container.
 */
let onSignal: (signal: NodeJS.Signals) => void = () => process.exit(143);

/** config -> database -> server -> listen -> drain on SIGTERM. */
async function main(): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => onSignal(signal));
  const config = readConfig(process.env);
  const { log, setLevel } = openLog(config.logLevel);
  // A fault of the program. Node would end the process, and with it the requests of all clients. Each transaction still ends by
  // itself: with its request, or by its time limit.
  process.on('unhandledRejection', (err) => {
    unhandledRejections.inc();
    log.error({ err }, 'a promise failed that nobody waits for');
  });
  process.on('SIGUSR2', () => {
    setLevel(log.level === 'debug' ? config.logLevel : 'debug');
    log.warn({ logLevel: log.level }, 'the log level has changed');
  });
  logOutages(log);
  const tracing = openTracing(config, log);
  preparedStatements(config.preparedStatements);

  await checkAddress(config);
  const opened = await open(config, log, tracing);
  // A failed start must not leave a database running.
  await serve(config, log, opened).catch(async (error) => {
    await opened.close();
    throw error;
  });
}

/** What the process has open. */
interface Opened {
  services: Services;
  database: OpenDatabase;
  payments: OpenPayments;
  tracing: Tracing | undefined;
  close(): Promise<void>;
}

async function open(config: Config, log: Logger, tracing: Tracing | undefined): Promise<Opened> {
  const database = await openDatabase({
    ...config,
    // Production uses the log instead.
    onStep: config.production ? undefined : tell,
    onStandby: (message) => (config.production ? log.warn(message) : tell(message)),
    requestTimeoutMs: config.limits.time,
    exports: config.limits.exports,
    onAdvice: (statements) =>
      log.warn({ statements }, 'an administrator should run these statements in the database: docs/operations.md'),
    onPoolError: (err) => {
      if (!tellOutage(err)) log.warn({ err }, 'a database connection was lost');
    },
  });
  const payments = await openPayments(config, database.options, database.db.reads(), {
    onKey: (account, call, reason) => {
      if (reason) log.error({ account, call, reason }, 'the payment provider refuses the key');
      else log.info({ account, call }, 'the payment provider accepts the key again');
    },
  }).catch(async (error) => {
    await database.close();
    throw error;
  });
  const services: Services = {
    db: database.db,
    gateway: withTimeout(payments.gateway, config.gatewayTimeoutMs),
    breakers: new Breakers((account, open) => {
      if (open)
        log.warn({ account }, 'the payment gateway does not answer for an account: new payments are refused at once');
      else log.info({ account }, 'the payment gateway answers for an account again');
    }),
    onFailure: (err, what) => {
      if (levelOf(err) === 'error') log.error({ err, ...tracing?.ids() }, `failed: ${what}`);
    },
  };
  return {
    ...{ services, database, payments, tracing },
    close: async () => {
      await payments.close();
      await database.close();
      await tracing?.stop();
    },
  };
}

/** Loaded only if tracing is configured: loading takes a fifth of a second and 7 MB. */
function openTracing({ tracing }: Config, log: Logger): Tracing | undefined {
  if (!tracing) return undefined;
  const { startTracing } = require('./tracing') as typeof import('./tracing');
  const onFailure = (error: unknown) => log.warn({ reason: (error as Error).message }, 'traces could not be sent');
  return startTracing({ ...tracing, onFailure });
}

async function serve(config: Config, log: Logger, opened: Opened): Promise<void> {
  const { services, payments, tracing } = opened;
  const { options, embedded } = opened.database;
  // A demo's receiver runs on the same machine. Production never has an embedded database.
  services.localWebhooks = embedded && !config.production;
  if (embedded) {
    await fillDemo(services, options, tell);
    await registerBoard(services.db, config);
  }
  if (config.databaseReplicaUrls.length) await openReplicas(config, log, opened);
  await checkClients(services, config, log);
  if (config.production && payments.unreal.length)
    log.warn(
      { accounts: payments.unreal },
      `payments go to the ${config.stripe ? 'test mode of Stripe' : 'test gateway'}: no money moves`,
    );

  const demo = embedded ? { clientId: demoClientId, clientSecret: demoSecret } : undefined;
  const signingKey = config.jwtSigningKey ?? randomBytes(32).toString('hex');
  const server = await createServer({
    ...{ ...config, services, signingKey, demo, logger: log, tracing },
    previousSigningKey: config.jwtSigningKeyPrevious,
    providerBooks: payments.books,
  });
  const { app } = server;
  await app.listen({ host: config.host, port: config.port }).catch((error) => {
    throw addressError(error, config);
  });
  const stopHousekeeping = keepHouse(services);
  const stopWorkers = startWorkers(services, config.billRunWorkers);
  server.webhooks.start();
  welcome(app.listeningOrigin, demo !== undefined);

  const waitFor = {
    requests: () => answerAll(server),
    housekeeping: stopHousekeeping,
    'bill runs': stopWorkers,
    webhooks: () => server.webhooks.stop(),
  };
  stopOnSignal(config, log, server, waitFor, opened.close);
}

async function openReplicas(
  { databaseReplicaUrls: urls }: Config,
  log: Logger,
  { services, database }: Opened,
): Promise<void> {
  const { url: _, ...rest } = database.options;
  services.db.replicas = await Replicas.open(services.db, {
    ...{ ...rest, urls },
    onChange: (replica, reason) => {
      if (reason === undefined) log.info({ replica }, 'a replica is in use');
      else log.warn({ replica, reason }, 'a replica is left out');
    },
  });
}

/** From now on the first signal stops the process: once all that it waits for has ended, or after STOP_TIMEOUT_MS. */
function stopOnSignal(
  { stopTimeoutMs }: Config,
  log: Logger,
  server: Server,
  waitFor: Readonly<Record<string, () => Promise<void>>>,
  close: () => Promise<void>,
): void {
  const waitingFor = new Set<string>();
  const wait = async (what: string, act: () => Promise<void>) => {
    waitingFor.add(what);
    await act();
    waitingFor.delete(what);
  };
  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping: requests under way are answered first');
    const lastCall = setTimeout(() => server.endRequests(), stopTimeoutMs - lastCallMs(stopTimeoutMs));
    const deadline = setTimeout(() => {
      log.error(
        { waitingFor: [...waitingFor], ...server.underWay() },
        'STOP_TIMEOUT_MS has passed: the process ends at once',
      );
      log.flush();
      process.exit(1);
    }, stopTimeoutMs);
    await Promise.all(Object.entries(waitFor).map(([what, act]) => wait(what, act)));
    clearTimeout(lastCall);
    await wait('database and traces', close);
    log.info('stopped');
    clearTimeout(deadline);
  };
  onSignal = (signal) => {
    onSignal = () => {};
    stop(signal).catch((err) => {
      log.error({ err }, 'stopping failed');
      process.exitCode = 1;
    });
  };
}

/** The last part of a stop: ended requests are answered, and their transactions are rolled back. */
const lastCallMs = (stopTimeoutMs: number): number => Math.min(3_000, stopTimeoutMs / 2);

async function answerAll({ app, moment }: Server): Promise<void> {
  await moment();
  await app.close();
}

/**
 * Warns if there is no client yet, and says how to make one. Production refuses the demo's well-known secret. Groups of people
 * may name only entities and orgs that exist.
 */
async function checkClients(services: Services, config: Config, log: Logger): Promise<void> {
  const connection = services.db.reads();
  if (config.production && (await isDemo(connection, demoClientId))) {
    throw new ConfigError('NODE_ENV=production does not run on demo data: its client secrets are public.');
  }
  // A misspelled name would let people in who then see nothing.
  const missing = await missingFor(
    connection,
    [...(config.outside?.groups?.groups.values() ?? [])].flatMap((group) => group.grants),
  );
  if (missing.length > 0) {
    throw new ConfigError(
      `JWT_GROUPS names what there is not: ${missing.join(', ')}. Make them with npm run client -- create.`,
    );
  }
  if (!(await anyClient(connection))) {
    log.warn(
      'there is no client yet: npm run client -- create --entity <name> --org <name> --scopes read,order,fulfill',
    );
  }
  if (!config.jwtSigningKey && config.databaseUrl) {
    log.warn('JWT_SIGNING_KEY is not set: only this process accepts its tokens, and only until it ends');
  }
}

withoutArguments(
  `Usage: npm start

Runs the gateway. Environment variables configure the gateway; docs/configuration.md lists them. Without any of them, the
gateway uses an embedded PostgreSQL with demo data, at http://127.0.0.1:4000.`,
);
main().catch((error) => {
  const isExplained = error instanceof ConfigError || error instanceof OpenError || error instanceof DemoError;
  const text = isExplained ? error.message : String((error as Error).stack ?? error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
