import { GraphQLError, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { RequestError } from '../../domain/errors';
import { type LiveSecret, liveSecrets } from '../../store/client-change';
import { type ClientDay, daysOf, documentUse, keptDays } from '../../store/client-day';
import type { Listed } from '../../store/query/list';
import { countDocuments, documentPage, documentTexts, type ListedDocument } from '../../store/registered-document';
import type { PageArgs } from '../build/connection-types';
import type { GraphContext } from '../context';
import { countCosts } from '../guard/cost';
import { deprecatedIn } from '../guard/deprecation';
import { Page, type RelayConnection, windowOf } from './connections';
import { decodeCursor, signatureOf } from './cursor';
import { turn } from './event-loop';

/* What a client sees of itself. Each statement names the client of the token, so no client sees another. */

/** A document of the client, as a list shows it. What it uses of the schema is found when it is selected. */
type ShownDocument = Listed<ListedDocument> & { deprecated: () => Promise<readonly string[]> };

const order = { field: 'registeredDate', direction: 'ASC' } as const;

/** The registered documents of the caller's client, in the order of registration. @throws RequestError PAGE_SIZE, BAD_CURSOR */
export function ownDocuments(
  context: GraphContext,
  args: PageArgs,
  schema: GraphQLSchema,
): RelayConnection<ShownDocument> {
  const { work, caller, reply, maxPageSize } = context;
  const { size, backward, cursor } = windowOf(args, maxPageSize);
  const signature = () => signatureOf('Client.documents', order, {});
  const sort = { sql: 'registered_date', type: 'timestamptz' };
  const from = cursor === null ? null : decodeCursor(cursor, signature(), sort as never);
  const query = { properties: [], from, limit: size + 1, backward };
  const shown = (row: ListedDocument) => ({ ...row, deprecated: () => deprecatedBy(context, row, schema) });
  return new Page<ShownDocument>(
    { query, signature },
    async () => (await documentPage(work.reads().connection, caller.clientId, query)).map(shown),
    () => {
      reply.addReading(countCosts.edge);
      return countDocuments(work.reads().connection, caller.clientId);
    },
  );
}

/** What documents use of the schema, by the hashes of their texts: parsing one takes a millisecond. */
const known = new LRUCache<string, readonly string[]>({ max: 5_000 });

async function deprecatedBy(
  { loaders, work, caller, documentLimits }: GraphContext,
  { id, hash }: ListedDocument,
  schema: GraphQLSchema,
): Promise<readonly string[]> {
  let uses = known.get(hash);
  if (uses) return uses;
  const load = async (ids: readonly string[]) => {
    const rows = await documentTexts(work.reads().connection, caller.clientId, ids);
    return new Map(rows.map((row) => [row.id, row.text]));
  };
  const text = await loaders.loader('texts of documents', load, '').load(id);
  await turn(text.length);
  try {
    const found = deprecatedIn(schema, documentLimits.parse(text));
    uses = found.map(({ coordinate, reason }) => `${coordinate}: ${reason}`);
  } catch (error) {
    // Registered before a limit was lowered: it is refused whenever it is called.
    if (!(error instanceof GraphQLError || error instanceof RequestError)) throw error;
    uses = [];
  }
  known.set(hash, uses);
  return uses;
}

const unused = { count: '0', lastUsedDate: null as string | null };

/** How often a registered document was run, and when last. On a connection aside: a caller's transaction may not read it. */
export function runsOf({ loaders, work }: GraphContext, id: string): Promise<typeof unused> {
  const load = async (ids: readonly string[]) => {
    const rows = await documentUse(work.services.db.aside(), ids);
    return new Map(rows.map((row) => [row.id, row]));
  };
  return loaders.loader<typeof unused>('use of documents', load, unused).load(id);
}

/** The live secrets of the caller's client, the newest first. Empty for a client that signs in with an outside issuer. */
export async function ownSecrets({ work, caller }: GraphContext): Promise<(LiveSecret & { current: boolean })[]> {
  const secrets = await liveSecrets(work.reads().connection, caller.clientId);
  return secrets.map((secret) => ({ ...secret, current: secret.id === caller.secret?.id }));
}

/** What the caller's client did on its latest days. @throws RequestError BAD_REQUEST */
export function ownDays({ work, caller }: GraphContext, days: number): Promise<ClientDay[]> {
  if (days < 1 || days > keptDays) {
    throw new RequestError('BAD_REQUEST', `days is ${days}; 1 to ${keptDays} is allowed.`);
  }
  return daysOf(work.reads().connection, caller.clientId, days);
}
