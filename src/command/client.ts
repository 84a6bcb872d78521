import { scopeMeanings, scopes } from '../domain/caller';
import { clientIdOf, createClient, createLinkedClient, type NamedGrant } from '../service/client';
import {
  type ClientUpdate,
  listClients,
  revokeClient,
  revokeSecret,
  rotateSecret,
  updateClient,
} from '../service/client-change';
import type { Database } from '../store/connection/database';
import { asProcess, type Environment, type Output, parsed, runCommand, UsageError } from './command';
import { demandDemo, inDatabase } from './database';

const usage = `Usage: npm run client -- create --entity <name> --org <name> --scopes <scope,scope,...> [options]
       npm run client -- update <client_id> [options]
       npm run client -- rotate <client_id> [--drop-old]
       npm run client -- revoke <client_id> [--secret <id>]
       npm run client -- list [--all]

create makes a client, and prints its id and secret. The secret is not kept and cannot be shown again.
update changes the given properties of a client, and no others.
  --entity <name>    an entity of the client, made if missing; update keeps its other entities
  --org <name>       an org of the entity, made if missing; may be repeated
  --all-orgs         the client sees every org of the entity, later ones included
  --no-orgs          update: the client no longer sees any org of the entity
  --scopes <list>    ${scopes.map((scope) => `${scope}: ${scopeMeanings[scope]}`).join('\n                     ')}
  --name <name>      the name of the client; default: entity and orgs
  --subject <sub>    the client signs in with tokens of JWT_ISSUER for this subject; create makes no secret
  --no-subject       update: the client no longer signs in with tokens of JWT_ISSUER

rotate makes a new secret. The previous secret stays valid, older secrets end.
  --drop-old         the previous secret ends too

revoke ends a client and its tokens within seconds. This cannot be undone.
  --secret <id>      end only this secret (list shows its id) and its tokens

list shows the clients, their scopes, entities and orgs, and their secrets.
  --all              show revoked clients too

A secret that has ended is not accepted any more. Its tokens end within seconds.

People who sign in (JWT_GROUPS) have clients too. These can be listed and revoked. All else comes from their tokens.`;

const options = {
  entity: { type: 'string' },
  org: { type: 'string', multiple: true },
  'all-orgs': { type: 'boolean' },
  'no-orgs': { type: 'boolean' },
  scopes: { type: 'string' },
  name: { type: 'string' },
  subject: { type: 'string' },
  'no-subject': { type: 'boolean' },
  'drop-old': { type: 'boolean' },
  secret: { type: 'string' },
  all: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const words = (args: string[]) => parsed({ args, options, allowPositionals: true });
type Values = ReturnType<typeof words>['values'];
/** Carries out a command in the database, and returns the text to print. */
type Act = (db: Database) => Promise<string>;

/** The commands and the options that each takes. `act` throws a UsageError if an option is missing. */
const actions: Record<string, { takes: (keyof Values)[]; ofClient: boolean; act(values: Values, id: string): Act }> = {
  create: {
    takes: ['entity', 'org', 'all-orgs', 'scopes', 'name', 'subject'],
    ofClient: false,
    act({ entity, org: orgs, 'all-orgs': allOrgs, scopes: list, name, subject }) {
      if (!entity) throw new UsageError('--entity is missing.');
      if (!orgs?.length) throw new UsageError('--org is missing.');
      if (!list) throw new UsageError('--scopes is missing.');
      const input = {
        name: name ?? `${entity}, ${orgs.join(', ')}`.slice(0, 255),
        scopes: wordsOf(list),
        grants: [{ entity, orgs, allOrgs }],
      };
      return async (db) => {
        if (subject === undefined) return credentials(await createClient(db.aside(), input));
        return `client_id      ${await createLinkedClient(db.aside(), { ...input, subject })}`;
      };
    },
  },
  update: {
    takes: ['entity', 'org', 'all-orgs', 'no-orgs', 'scopes', 'name', 'subject', 'no-subject'],
    ofClient: true,
    act(values, id) {
      const change = updateOf(values);
      return async (db) => {
        await updateClient(db, id, change);
        return 'The client has been changed. The change takes effect within seconds, also for existing tokens.';
      };
    },
  },
  rotate: {
    takes: ['drop-old'],
    ofClient: true,
    act: (values, id) => async (db) => {
      const { ended, ...made } = await rotateSecret(db, id, values['drop-old']);
      const told = ended.map(
        (secret) => `This secret has ended, and its tokens end within seconds: ${described(secret)}.`,
      );
      return [credentials(made), ...told].join('\n');
    },
  },
  revoke: {
    takes: ['secret'],
    ofClient: true,
    act:
      ({ secret }, id) =>
      async (db) => {
        if (secret === undefined) {
          await revokeClient(db, id);
          return 'The client has been revoked. Its tokens end within seconds.';
        }
        const left = await revokeSecret(db, id, secret);
        return `The secret has been revoked, and its tokens end within seconds. Secrets that are left: ${left || 'none'}.`;
      },
  },
  list: {
    takes: ['all'],
    ofClient: false,
    act:
      ({ all }) =>
      async (db) => {
        const clients = await listClients(db, all);
        return clients.map(shown).join('\n\n') || 'There is no client.';
      },
  },
};

const wordsOf = (list: string): string[] => list.split(',').map((word) => word.trim());

function updateOf({ entity, org: orgs = [], scopes: list, name, subject, ...values }: Values): ClientUpdate {
  const both = (one: string, other: string) => new UsageError(`--${one} and --${other} cannot be given together.`);
  const { 'all-orgs': allOrgs, 'no-orgs': noOrgs, 'no-subject': noSubject } = values;
  if (noOrgs && orgs.length) throw both('no-orgs', 'org');
  if (noOrgs && allOrgs) throw both('no-orgs', 'all-orgs');
  if (noSubject && subject !== undefined) throw both('no-subject', 'subject');
  if (!entity && (noOrgs || allOrgs || orgs.length)) throw new UsageError('--entity is missing.');
  if (entity && !noOrgs && !allOrgs && !orgs.length) throw new UsageError('--org is missing.');
  const grant: NamedGrant | undefined = entity ? { entity, orgs, allOrgs } : undefined;
  const change: ClientUpdate = {
    ...(name !== undefined && { name }),
    ...(list !== undefined && { scopes: wordsOf(list) }),
    ...(subject !== undefined && { subject }),
    ...(noSubject && { subject: null }),
    ...(grant && { grant: noOrgs ? { entity: grant.entity, nothing: true } : grant }),
  };
  if (Object.keys(change).length === 0) throw new UsageError('Say what to change.');
  return change;
}

const credentials = ({ clientId, secret }: { clientId: string; secret: string }): string =>
  `client_id      ${clientId}\nclient_secret  ${secret}`;

const minuteOf = (instant: string): string => `${instant.slice(0, 16).replace('T', ' ')} UTC`;

type Client = Awaited<ReturnType<typeof listClients>>[number];

const described = ({ id, createdDate, lastUsedDate, endsDate }: Client['secrets'][number]): string =>
  [
    `${id}, made ${minuteOf(createdDate)}, ${lastUsedDate ? `last used ${minuteOf(lastUsedDate)}` : 'never used'}`,
    ...(endsDate ? [`ends ${minuteOf(endsDate)}`] : []),
  ].join(', ');

function shown({ id, name, scopes, subject, groups, createdDate, revokedDate, entities, secrets }: Client): string {
  const lines = [
    `${clientIdOf(id)}  ${name}`,
    `  made     ${minuteOf(createdDate)}${revokedDate ? `, revoked ${minuteOf(revokedDate)}` : ''}`,
    `  scopes   ${scopes.join(', ')}`,
    ...entities.map((entity) => `  sees     ${entity.name}: ${entity.orgs?.join(', ') ?? 'all orgs'}`),
    ...(subject === null ? [] : [`  subject  ${subject}`]),
    ...(groups === null ? [] : [`  groups   ${groups.join(', ') || 'none'}, as the latest token of this person says`]),
    ...secrets.map((secret) => `  secret   ${described(secret)}`),
  ];
  return lines.join('\n');
}

/** The command to run; undefined for help. @throws UsageError with the reason */
function read(args: string[]): Act | undefined {
  const { values, positionals } = words(args);
  if (values.help) return undefined;
  const [word, id, ...more] = positionals;
  const known = Object.keys(actions).join(', ');
  if (word === undefined) throw new UsageError(`Say what to do: ${known}.`);
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (!action) throw new UsageError(`"${word}" is not a command; ${known} are allowed.`);
  const odd = (Object.keys(values) as (keyof Values)[]).find((option) => !action.takes.includes(option));
  if (odd) throw new UsageError(`${word} has no option --${odd}.`);
  if (action.ofClient && id === undefined) throw new UsageError(`Say which client: ${word} <client_id>.`);
  const extra = action.ofClient ? more : [id, ...more].filter((each) => each !== undefined);
  if (extra.length) throw new UsageError(`"${extra.join(' ')}" is not understood.`);
  return action.act(values, id);
}

/** Runs the command line and returns its exit status: 0 done, 1 failed, 2 not understood. */
export const clientCommand = (args: string[], env: Environment, output: Output): Promise<number> =>
  runCommand(
    { usage },
    output,
    () => read(args),
    async (act) => {
      const text = await inDatabase(env, { poolSize: 1 }, async (database) => {
        await demandDemo(database);
        return act(database.db);
      });
      output.out(text);
      return 0;
    },
  );

if (require.main === module) asProcess(clientCommand);
