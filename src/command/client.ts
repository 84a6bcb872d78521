import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../config';
import { demoClientId } from '../demo/fill';
import { scopeMeanings, scopes } from '../domain/caller';
import { Refusal } from '../domain/errors';
import { createClient, isDemo, type NewClient } from '../service/client';
import { preparedStatements } from '../store/connection';
import type { Database } from '../store/database';
import { openDatabase } from '../store/open';

const usage = `Usage: npm run client -- create --entity <name> --org <name> --scopes <scope,scope,...> [options]

  --entity <name>    the entity the client belongs to; made where it is missing
  --org <name>       an org of it, made where it is missing; may be repeated
  --scopes <list>    ${scopes.map((scope) => `${scope}: ${scopeMeanings[scope]}`).join('\n                     ')}
  --name <name>      what to call the client; default: entity and org
  --all-orgs         the client may see every org of the entity, also those made later

Prints the client's id and secret. The secret is not kept and cannot be shown again.`;

class UsageError extends Error {}

const options = {
  entity: { type: 'string' },
  org: { type: 'string', multiple: true },
  scopes: { type: 'string' },
  name: { type: 'string' },
  'all-orgs': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What is asked for, or nothing where that is help. Throws a UsageError that says what is wrong. */
function read(args: string[]): NewClient | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  if (positionals.length !== 1 || positionals[0] !== 'create') {
    throw new UsageError(
      positionals.length === 0 ? 'Say what to do: create.' : `"${positionals.join(' ')}" is not create.`,
    );
  }
  const { entity, org: orgs, scopes: list } = values;
  if (!entity) throw new UsageError('--entity is missing.');
  if (!orgs?.length) throw new UsageError('--org is missing.');
  if (!list) throw new UsageError('--scopes is missing.');
  return {
    name: values.name ?? `${entity}, ${orgs.join(', ')}`.slice(0, 255),
    scopes: list.split(',').map((scope) => scope.trim()),
    grants: [{ entity, orgs, allOrgs: values['all-orgs'] }],
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Runs the command line and returns its exit status: 0 done, 1 failed, 2 not understood. */
export async function clientCommand(
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
  { out, err }: Output,
): Promise<number> {
  try {
    const wanted = read(args);
    if (!wanted) {
      out(usage);
      return 0;
    }
    const { clientId, secret } = await inDatabase(env, (db) => createClient(db.aside(), wanted));
    out(`client_id      ${clientId}\nclient_secret  ${secret}`);
    return 0;
  } catch (error) {
    if (error instanceof UsageError || error instanceof Refusal) {
      const line = error instanceof Refusal ? error.errors.map(({ message }) => message).join(' ') : error.message;
      err(`${line}\n\n${usage}`);
      return 2;
    }
    err(error instanceof ConfigError ? error.message : `The client could not be created: ${(error as Error).message}`);
    return 1;
  }
}

async function inDatabase<T>(
  env: Readonly<Record<string, string | undefined>>,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const config = readConfig(env);
  preparedStatements(config.preparedStatements);
  const { db, close } = await openDatabase({ ...config, poolSize: 1 });
  try {
    // The demo fills an untouched database only.
    if (!config.databaseUrl && !(await isDemo(db.reads(), demoClientId))) {
      throw new ConfigError('The embedded database is still empty: run npm start once, or set DATABASE_URL.');
    }
    return await work(db);
  } finally {
    await close();
  }
}

if (require.main === module) {
  clientCommand(process.argv.slice(2), process.env, { out: console.log, err: console.error }).then((status) => {
    process.exitCode = status;
  });
}
