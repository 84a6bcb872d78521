import { ConfigError, readConfig } from '../config';
import { isDay } from '../domain/date';
import { Breakers } from '../gateway/breaker';
import { openPayments } from '../payments';
import { compareBooks } from '../service/reconciliation-walk';
import { allEntities } from '../store/tenant';
import { asProcess, type Environment, type Output, parsed, runCommand, UsageError } from './command';
import { inDatabase } from './database';

const usage = `Usage: npm run reconcile -- [options]

Compares payments, refunds and disputes with what the payment provider has, and says every difference. Moves nothing.

  --since <day>   compare what was made, refunded or disputed since this day, such as 2026-01-31; default: 7 days ago

Exit status: 0 no difference, 1 failed, 2 not understood, 3 differences.`;

const options = { since: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
const standardDays = 7;
const dayMs = 86_400_000;

interface Period {
  since: Date;
  until: Date;
}

/** The period to compare; undefined for help. @throws UsageError */
function read(args: string[]): Period | undefined {
  const { values } = parsed({ args, options });
  if (values.help) return undefined;
  const now = Date.now();
  // The provider counts in seconds, and the present one is part of the period.
  const until = new Date(now + 1_000);
  if (values.since === undefined) return { since: new Date(now - standardDays * dayMs), until };
  if (!isDay(values.since)) throw new UsageError(`--since is "${values.since}"; a day such as 2026-01-31 is allowed.`);
  const since = new Date(`${values.since}T00:00:00Z`);
  if (since.getTime() >= now) throw new UsageError('--since must be in the past.');
  return { since, until };
}

/** Runs the command line and returns its exit status. */
export const reconcileCommand = (args: string[], env: Environment, { out, err }: Output): Promise<number> =>
  runCommand(
    { usage, name: 'comparison' },
    { out, err },
    () => read(args),
    async ({ since, until }) => {
      if (!readConfig(env).stripe) {
        throw new ConfigError('The test gateway has no books of its own. Set PAYMENT_GATEWAY=stripe.');
      }
      return inDatabase(env, { poolSize: 2 }, async ({ db, options }, config) => {
        const payments = await openPayments(config, options, db.reads(), { connections: 1 });
        try {
          const services = { db, gateway: payments.gateway, breakers: new Breakers(), onFailure: () => {} };
          const entities = (await allEntities(db.reads())).map(({ id }) => id);
          let count = 0;
          for await (const each of compareBooks(services, payments.books!, entities, since, until)) {
            const { account, chargeId, kind, objectId, ours, theirs } = each;
            count++;
            out(`${account}  ${chargeId}  ${kind}  ${objectId}  ours: ${ours ?? '-'}  theirs: ${theirs ?? '-'}`);
          }
          out(`${count} differences since ${since.toISOString().slice(0, 10)}.`);
          return count ? 3 : 0;
        } finally {
          await payments.close();
        }
      });
    },
  );

if (require.main === module) asProcess(reconcileCommand);
