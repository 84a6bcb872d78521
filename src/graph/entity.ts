import type { GraphQLResolveInfo } from 'graphql';
import { RequestError } from '../domain/errors';
import { idOf } from '../domain/key';
import { rowsBy } from '../store/query/write';
import type { GraphContext } from './context';
import { keysOf } from './model/federation';
import { listOf, nounNamed } from './model/nouns';
import { judgeCount, type Node, objectOf } from './node';
import { columnsOf } from './read/columns';
import { selectedFields } from './read/selection';
import { showInPlace } from './read/show';
import { shown } from './scalars';

/* Resolves the references of other subgraphs: `_entities` of Apollo Federation 2. */

/** An object as a representation names it. */
interface Named {
  typename: string;
  /** The field of the key, and its value. */
  field: string;
  key: string;
}

/**
 * The objects that representations name, in their order; null for an object that the caller does not see. All are judged before
 * anything is read. The objects of one type with the same key field are read by one statement.
 * @throws LimitError PAGE_SIZE if there are more representations than a page has rows
 * @throws RequestError BAD_REQUEST with the place of a representation that names nothing
 */
export async function entitiesOf(
  context: GraphContext,
  representations: readonly Readonly<Record<string, unknown>>[],
  info: GraphQLResolveInfo,
): Promise<(Node | null)[]> {
  judgeCount('representations', representations.length, context.maxPageSize);
  const entities = new Set(info.schema.getPossibleTypes(info.schema.getType('Node') as never).map(({ name }) => name));
  const all = representations.map((representation, at) => read(representation, `representations[${at}]`, entities));
  return Promise.all(all.map((each) => find(context, each, info)));
}

function read(representation: Readonly<Record<string, unknown>>, place: string, entities: ReadonlySet<string>): Named {
  const refuse = (why: string): never => {
    throw new RequestError('BAD_REQUEST', why);
  };
  const { __typename: typename } = representation;
  if (typeof typename !== 'string') return refuse(`${place}.__typename must be the name of an entity.`);
  if (!entities.has(typename)) return refuse(`${place}.__typename is ${shown(typename)}, which is no entity here.`);
  const field = keysOf(typename).find((name) => representation[name] != null);
  if (field === undefined) return refuse(`${place} has no key of ${typename}.`);
  const key = representation[field];
  return typeof key === 'string' ? { typename, field, key } : refuse(`${place}.${field} must be a string.`);
}

async function find(
  context: GraphContext,
  { typename, field, key }: Named,
  info: GraphQLResolveInfo,
): Promise<Node | null> {
  if (field === 'id') {
    const id = idOf(key);
    return id === undefined ? null : objectOf(context, typename, id, info);
  }
  // PostgreSQL has no text with this character.
  if (key.includes('\0')) return null;
  const noun = nounNamed(typename)!;
  const columns = columnsOf(noun, [...selectedFields(info), field]);
  const load = async (numbers: readonly string[]) => {
    const { rowClass } = listOf(noun);
    const rows = await rowsBy<Record<string, unknown>>(
      context.work.reads(),
      rowClass as never,
      field,
      numbers,
      columns,
    );
    return new Map(rows.map((row) => [row[field] as string, showInPlace(noun, row) as object as Node]));
  };
  return context.loaders.loader<Node | null>(`${noun} by ${field} ${columns.join()}`, load, null).load(key);
}
