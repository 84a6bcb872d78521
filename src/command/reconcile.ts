import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../config';
import { isDay } from '../domain/date';
import { Breakers } from '../gateway/breaker';
import { openPayments } from '../payments';
import { compareBooks } from '../service/reconciliation-walk';
import { openDatabase } from '../store/connection/open-database';
import { preparedStatements } from '../store/connection/prepared';
import { allEntities } from '../store/tenant';
import type { Output } from './client';

const usage = `Usage: npm run reconcile -- [options]

Compares payments, refunds and disputes with what the payment provider has, and says every difference. Moves nothing.

  --since <day>   compare what was made, refunded or disputed since this day, such as 2026-01-31; default: 7 days ago

Exit status: 0 no difference, 1 failed, 2 not understood, 3 differences.`;

class UsageError extends Error {}

const options = { since: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
const standardDays = 7;
const dayMs = 86_400_000;

/** The time to begin at; undefined for help. @throws UsageError */
function read(args: string[], now: Date): Date | undefined {
  let values: { since?: string; help?: boolean };
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) return undefined;
  if (values.since === undefined) return new Date(now.getTime() - standardDays * dayMs);
  if (!isDay(values.since)) throw new UsageError(`--since is "${values.since}"; a day such as 2026-01-31 is allowed.`);
  const since = new Date(`${values.since}T00:00:00Z`);
  if (since >= now) throw new UsageError('--since must be in the past.');
  return since;
}

/** Runs the command line and returns its exit status. */
export async function reconcileCommand(
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
  output: Output,
): Promise<number> {
  try {
    const now = new Date();
    const since = read(args, now);
    if (!since) {
      output.out(usage);
      return 0;
    }
    const config = readConfig(env);
    if (!config.stripe) throw new ConfigError('The test gateway has no books of its own. Set PAYMENT_GATEWAY=stripe.');
    preparedStatements(config.preparedStatements);
    const database = await openDatabase({ ...config, poolSize: 2 });
    try {
      const { db } = database;
      const payments = await openPayments(config, database.options, db.reads(), { connections: 1 });
      try {
        const services = { db, gateway: payments.gateway, breakers: new Breakers(), onFailure: () => {} };
        const entities = (await allEntities(db.reads())).map(({ id }) => id);
        let count = 0;
        for await (const { account, chargeId, kind, objectId, ours, theirs } of compareBooks(
          services,
          payments.books!,
          entities,
          since,
          // The provider counts in seconds, and the present one is part of the period.
          new Date(now.getTime() + 1_000),
        )) {
          count++;
          output.out(`${account}  ${chargeId}  ${kind}  ${objectId}  ours: ${ours ?? '-'}  theirs: ${theirs ?? '-'}`);
        }
        output.out(`${count} differences since ${since.toISOString().slice(0, 10)}.`);
        return count ? 3 : 0;
      } finally {
        await payments.close();
      }
    } finally {
      await database.close();
    }
  } catch (error) {
    if (error instanceof UsageError) {
      output.err(`${error.message}\n\n${usage}`);
      return 2;
    }
    output.err(error instanceof ConfigError ? error.message : `The comparison failed: ${(error as Error).message}`);
    return 1;
  }
}

if (require.main === module) {
  reconcileCommand(process.argv.slice(2), process.env, { out: console.log, err: console.error }).then((status) => {
    process.exitCode = status;
  });
}
