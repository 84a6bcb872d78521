import { type Caller, type Scope, scopes } from '../domain/caller';
import { isDay } from '../domain/date';
import { Breakers } from '../gateway/breaker';
import { openPayments } from '../payments';
import { createBillRun, findBillRun } from '../service/bill-run';
import { carryToEnd } from '../service/bill-run-worker';
import { type Services } from '../service/run/services';
import { Work } from '../service/run/work';
import type { BillRunRow } from '../store/bill-run';
import { failedAccounts } from '../store/bill-run-chunk';
import { entityByName } from '../store/tenant';
import { asProcess, type Environment, type Output, parsed, runCommand, UsageError } from './command';
import { demandDemo, inDatabase } from './database';

const usage = `Usage: npm run bill-run -- --entity <name> --target-date <day> [options]

  --entity <name>        the entity to bill, all of its orgs
  --target-date <day>    bill everything that is due up to this day, such as 2026-01-31
  --invoice-date <day>   printed on the documents; default: today (UTC)
  --account <key>        an id or account number; may be repeated; default: every account
  --auto-post            post the documents; else they stay drafts
  --workers <n>          how many workers bill at the same time; default: 2

Exit status: 0 everything was billed, 1 failed, 2 not understood, 3 something could not be billed or posted.`;

const options = {
  entity: { type: 'string' },
  'target-date': { type: 'string' },
  'invoice-date': { type: 'string' },
  account: { type: 'string', multiple: true },
  'auto-post': { type: 'boolean' },
  workers: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function read(args: string[]) {
  const { values } = parsed({ args, options });
  if (values.help) return undefined;
  const day = (name: 'target-date' | 'invoice-date'): string | undefined => {
    const value = values[name];
    if (value !== undefined && !isDay(value))
      throw new UsageError(`--${name} is "${value}"; a day such as 2026-01-31 is allowed.`);
    return value;
  };
  const targetDate = day('target-date');
  if (!values.entity) throw new UsageError('--entity is missing.');
  if (!targetDate) throw new UsageError('--target-date is missing.');
  const workers = Number(values.workers ?? 2);
  if (!Number.isInteger(workers) || workers < 1 || workers > 8)
    throw new UsageError('--workers must be a whole number from 1 to 8.');
  return {
    entity: values.entity,
    workers,
    input: { targetDate, invoiceDate: day('invoice-date'), accountKeys: values.account, autoPost: values['auto-post'] },
  };
}

/** Runs the command line and returns its exit status. If the command is interrupted, any server continues the run. */
const billRunCommand = (args: string[], env: Environment, output: Output): Promise<number> =>
  runCommand(
    { usage, name: 'bill run' },
    output,
    () => read(args),
    (asked) =>
      inDatabase(env, {}, async (database, config) => {
        const { db, options } = database;
        const payments = await openPayments(config, options, db.reads(), { connections: 1 });
        try {
          await demandDemo(database);
          // The summary lists accounts that could not be billed.
          const services = { db, gateway: payments.gateway, breakers: new Breakers(), onFailure: () => {} };
          const run = await carriedOut(services, asked, output.progress ?? (() => {}));
          const failures = await failedAccounts(db.reads(), run);
          for (const line of summary(run, failures)) output.out(line);
          // Another caller may have canceled the run in the meantime, and then nothing is billed.
          const whole = run.status === (asked.input.autoPost ? 'Posted' : 'Completed') || run.status === 'Posted';
          return !whole || run.failed || failures.length ? 3 : 0;
        } finally {
          await payments.close();
        }
      }),
  );

/** Creates the run and works on it until it is finished, with a progress bar. */
async function carriedOut(
  services: Services,
  { entity: name, workers, input }: NonNullable<ReturnType<typeof read>>,
  progress: (text: string) => void,
): Promise<BillRunRow> {
  const entity = await entityByName(services.db.reads(), name);
  if (!entity) throw new UsageError(`There is no entity "${name}".`);
  const caller: Caller = {
    clientId: operator,
    entityId: entity.id,
    orgIds: entity.orgIds,
    scopes: new Set<Scope>(scopes),
    requestId: 'bill-run',
    trackId: null,
  };
  const work = new Work(services, caller);
  const { billRun } = await createBillRun(work, input);
  const show = async () => {
    const run = await findBillRun(work, billRun.id);
    if (run) progress(bar(run));
  };
  const timer = setInterval(() => void show().catch(() => {}), 250);
  try {
    const run = await carryToEnd(services, work, billRun.id, workers);
    progress(`${bar(run)}\n`);
    return run;
  } finally {
    clearInterval(timer);
  }
}

/** The creator of objects made at the command line. No token has this client id. */
const operator = '00000000000000000000000000000000';

const width = 40;
const bar = ({ billRunNumber, status, total, done, failed }: BillRunRow): string => {
  const part = total ? (done + failed) / total : 0;
  const full = Math.round(part * width);
  return `\r${billRunNumber} [${'#'.repeat(full)}${'.'.repeat(width - full)}] ${done + failed} of ${total} ${status}   `;
};

function summary(run: BillRunRow, failures: Awaited<ReturnType<typeof failedAccounts>>): string[] {
  const seconds = (Date.parse(run.finishedDate!) - Date.parse(run.startedDate ?? run.createdDate)) / 1000;
  return [
    `${run.billRunNumber} is ${run.status}: ${run.done} of ${run.total} billed, ${run.failed} not, in ${seconds.toFixed(1)} s.`,
    ...failures.map(({ accountNumber, code, message }) => `  ${accountNumber}: ${code}, ${message}`),
  ];
}

if (require.main === module) asProcess(billRunCommand);
