import { readFileSync } from 'node:fs';
import { Refusal } from '../domain/errors';
import { type DocumentMode, documentModeMeanings, documentModes, isRetired } from '../domain/registered-document';
import { schema, serveAsSubgraph } from '../graph/build/schema';
import { checkDocument } from '../graph/guard/document-check';
import { DocumentLimits } from '../graph/guard/limits';
import {
  type CheckDocument,
  changeMode,
  documentReport,
  managedClient,
  registerDocuments,
  retire,
  today,
} from '../service/registered-document';
import type { Database } from '../store/connection/database';
import { transactionAside } from '../store/connection/lease';
import { liveDocuments, type RegisteredDocumentRow } from '../store/registered-document';
import { asProcess, type Environment, type Output, parsed, runCommand, UsageError } from './command';
import { inDatabase } from './database';

const modes = documentModes.map((mode) => `${mode}: ${documentModeMeanings[mode]}`).join('\n                       ');
const usage = `Usage: npm run documents -- <what> [options]

  import --client <id> <file>               register the documents of a manifest; may be repeated
  list --client <id>                        show the registered documents
  retire --client <id> <document id> ...    stop serving documents, at once or from --from <day> on
  restore --client <id> <document id> ...   serve retired documents again
  mode --client <id> <mode>                 set which documents the client may run:
                       ${modes}
  report --client <id>                      show the unregistered documents that it has run in the mode LogUnknown
  check                                     check whether every registered document is valid with this version

generate-persisted-query-manifest (Apollo), the Relay compiler and the GraphQL Code Generator write manifests.

Exit status: 0 done, 1 failed, 2 not understood or refused, 3 check found documents that are not valid.`;

const options = {
  client: { type: 'string' },
  from: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Act = (db: Database, output: Output, check: CheckDocument, maxCost: number) => Promise<number>;

/** The command to run; undefined for help. @throws UsageError with the reason */
function read(args: string[]): Act | undefined {
  const { values, positionals } = parsed({ args, options, allowPositionals: true });
  if (values.help) return undefined;
  const [what, ...rest] = positionals;
  if (!what || !(what in acts)) {
    const asked = what ? `"${what}" is not a command; these are allowed` : 'Say what to do';
    throw new UsageError(`${asked}: ${Object.keys(acts).join(', ')}.`);
  }
  const { client, from } = values;
  if (what === 'check') return checkAll;
  if (!client) throw new UsageError('--client is missing.');
  if (from !== undefined && what !== 'retire') throw new UsageError('--from is allowed only with retire.');
  return acts[what as keyof typeof acts]({ client, from }, rest);
}

interface Named {
  client: string;
  from?: string;
}

const acts = {
  import: ({ client }: Named, [file, ...more]: string[]): Act => {
    if (!file || more.length) throw new UsageError('Name the file of the manifest.');
    const manifest = contentOf(file);
    return (db, { out }, check, maxCost) =>
      transactionAside(db.side, async (connection) => {
        const id = await managedClient(connection, client);
        const { documents, added } = await registerDocuments(connection, id, manifest, check);
        out(`${documents.length} documents, ${added} of them new.`);
        for (const document of documents) {
          if (document.cost > maxCost) {
            out(
              `  ${nameOf(document)} may cost ${document.cost} with the longest pages; ${maxCost} is allowed in a request`,
            );
          }
          for (const use of document.deprecated) out(`  ${nameOf(document)} uses ${use}`);
        }
        const retired = documents.filter((document) => isRetired(document, today()));
        if (retired.length) out(`These documents are still retired: ${retired.map(nameOf).join(', ')}.`);
        return 0;
      });
  },
  list:
    ({ client }: Named, rest: string[]): Act =>
    async (db, { out }) => {
      none(rest);
      const connection = db.aside();
      const { mode, documents } = await documentReport(connection, await managedClient(connection, client));
      out(`${documents.length} documents; ${mode}: ${documentModeMeanings[mode]}`);
      for (const document of documents) {
        const retired = document.retiredDate === null ? '' : `  retired from ${document.retiredDate}`;
        out(
          `  ${document.documentId}  ${document.operationType} ${nameOf(document)}  cost ${document.cost}  ${document.registeredDate.slice(0, 10)}${retired}`,
        );
      }
      return 0;
    },
  retire: ({ client, from }: Named, ids: string[]): Act => retiring(client, ids, from ?? today()),
  restore: ({ client }: Named, ids: string[]): Act => retiring(client, ids, null),
  mode: ({ client }: Named, [mode, ...rest]: string[]): Act => {
    if (!mode) throw new UsageError(`Name the mode: ${documentModes.join(', ')}.`);
    none(rest);
    return async (db, { out }) => {
      const connection = db.aside();
      await changeMode(connection, await managedClient(connection, client), mode);
      out(`${mode}: ${documentModeMeanings[mode as DocumentMode]}`);
      return 0;
    };
  },
  report:
    ({ client }: Named, rest: string[]): Act =>
    async (db, { out }) => {
      none(rest);
      const connection = db.aside();
      const { mode, unknown } = await documentReport(connection, await managedClient(connection, client));
      if (mode !== 'LogUnknown')
        out(`The mode is ${mode}: unregistered documents are not recorded. Set the mode LogUnknown to record them.`);
      out(`${unknown.length} unregistered documents are on record.`);
      for (const { hash, operationName, firstSeen, lastSeen, count, text } of unknown) {
        const name = operationName ?? text.replace(/\s+/g, ' ').slice(0, 60);
        out(`  ${hash}  ${name}  ${count} times, ${firstSeen} to ${lastSeen}`);
      }
      return 0;
    },
  check: (): Act => checkAll,
};

const nameOf = ({ operationName, documentId }: RegisteredDocumentRow): string => operationName ?? documentId;

function none(rest: readonly string[]): void {
  if (rest.length) throw new UsageError(`"${rest.join(' ')}" is not understood.`);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}.`);
  }
}

const retiring = (client: string, ids: readonly string[], from: string | null): Act => {
  if (ids.length === 0) throw new UsageError('Name the ids of the documents.');
  return (db, { out }) =>
    transactionAside(db.side, async (connection) => {
      const documents = await retire(connection, await managedClient(connection, client), ids, from);
      const what = from === null ? 'served again' : `retired from ${from}`;
      for (const document of documents) out(`${nameOf(document)} is ${what}.`);
      return 0;
    });
};

/**
 * Checks all registered documents that are not retired against this version. Prints the client, the document and the
 * errors of each invalid document.
 */
const checkAll: Act = async (db, { out }, check) => {
  const documents = await liveDocuments(db.aside(), today());
  let broken = 0;
  for (const document of documents) {
    const result = check(document.text);
    if (!('errors' in result)) continue;
    broken++;
    out(`${document.clientName} (${document.clientId}), ${nameOf(document)}, ${document.documentId}:`);
    for (const error of result.errors) out(`  ${error}`);
  }
  out(`${documents.length} documents, ${broken} of them not valid.`);
  return broken ? 3 : 0;
};

/** Runs the command line and returns its exit status. */
export const documentsCommand = (args: string[], env: Environment, output: Output): Promise<number> =>
  runCommand(
    { usage },
    output,
    () => read(args),
    (act) => {
      // check may run before a deploy, while the old version still uses the database, so it must not migrate.
      const options = { poolSize: 1, asItIs: act === checkAll };
      return inDatabase(env, options, ({ db }, config) => {
        serveAsSubgraph(config.federation);
        const limits = new DocumentLimits(config.limits, config.introspection);
        return act(db, output, (text) => checkDocument(schema(), text, limits), config.limits.cost);
      }).catch((error) => refused(error, output));
    },
  );

/** A manifest may be refused for many of its documents: each has its line, and the usage would hide them. */
function refused(error: unknown, { err }: Output): number {
  if (!(error instanceof Refusal)) throw error;
  for (const { path, message } of error.errors) {
    err(path[0] === 'manifest' && path[1] ? `${path[1]}: ${message}` : message);
  }
  return 2;
}

if (require.main === module) asProcess(documentsCommand);
