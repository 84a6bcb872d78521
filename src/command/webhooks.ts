import { RequestError } from '../domain/errors';
import { idOf } from '../domain/key';
import { decodeEventCursor } from '../graph/read/events';
import { clientIdOf } from '../service/client';
import { endpointsOfAll, replay } from '../service/webhook-replay';
import type { Database } from '../store/connection/database';
import { asProcess, type Environment, type Output, parsed, runCommand, UsageError } from './command';
import { inDatabase } from './database';

const usage = `Usage: npm run webhooks -- <what> [options]

  list                                           show the webhook endpoints of all clients: open deliveries and the last error
  replay <endpoint id> --after <time or cursor>  send the events since then again, in their order and before new ones

A time is an instant such as 2026-01-31T12:00:00Z. A cursor is the one of an event.

Exit status: 0 done, 1 failed, 2 not understood or refused.`;

const options = { after: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;

type Act = (db: Database, output: Output) => Promise<number>;

/** The command to run; undefined for help. @throws UsageError with the reason */
function read(args: string[]): Act | undefined {
  const { values, positionals } = parsed({ args, options, allowPositionals: true });
  if (values.help) return undefined;
  const [what, ...rest] = positionals;
  if (what === 'list') {
    if (rest.length || values.after !== undefined)
      throw new UsageError('The command list takes no more words, and no --after.');
    return list;
  }
  if (what !== 'replay') {
    throw new UsageError(`${what ? `"${what}" is not a command; these are allowed` : 'Say what to do'}: list, replay.`);
  }
  const id = rest.length === 1 ? idOf(rest[0]) : undefined;
  if (!id) throw new UsageError('Name the id of one webhook endpoint.');
  if (values.after === undefined) throw new UsageError('--after is missing.');
  return replayFrom(id, begin(values.after));
}

/** Where to begin: an instant, or the position of a cursor. */
function begin(after: string): Parameters<typeof replay>[2] {
  if (/^\d{4}-\d\d-\d\d/.test(after)) {
    const time = Date.parse(after);
    if (Number.isNaN(time)) throw new UsageError('--after must be a time such as 2026-01-31T12:00:00Z, or a cursor.');
    return { at: new Date(time).toISOString() };
  }
  try {
    return decodeEventCursor(after);
  } catch (error) {
    if (error instanceof RequestError) throw new UsageError('--after must be a time or the cursor of an event.');
    throw error;
  }
}

const list: Act = async (db, { out }) => {
  const endpoints = await endpointsOfAll(db);
  out(`${endpoints.length} webhook endpoints.`);
  for (const { id, clientId, clientName, url, enabled, disabledReason, pending, failed, lastError } of endpoints) {
    // Path and query often hold a secret.
    const { origin } = new URL(url);
    const state = enabled ? 'enabled' : `disabled: ${disabledReason}`;
    out(`  ${id}  ${origin}  of ${clientName} (${clientIdOf(clientId)}), ${state}`);
    out(`    ${pending} pending, ${failed} failed${lastError ? `, last error: ${lastError}` : ''}`);
  }
  return 0;
};

const replayFrom =
  (id: string, from: Parameters<typeof replay>[2]): Act =>
  async (db, { out, err }) => {
    const count = await replay(db, id, from);
    if (count === undefined) {
      err(`There is no webhook endpoint ${id}, or its client is revoked or sees nothing in the entity.`);
      return 2;
    }
    out(`${count} events are sent again.`);
    return 0;
  };

/** Runs the command line and returns its exit status. */
export const webhooksCommand = (args: string[], env: Environment, output: Output): Promise<number> =>
  runCommand(
    { usage },
    output,
    () => read(args),
    (act) => inDatabase(env, { poolSize: 1 }, ({ db }) => act(db, output)),
  );

if (require.main === module) asProcess(webhooksCommand);
