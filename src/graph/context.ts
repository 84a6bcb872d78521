import { GraphQLError, type GraphQLResolveInfo } from 'graphql';
import type { Caller } from '../domain/caller';
import type { HistorySubject } from '../domain/history';
import { idOf } from '../domain/key';
import { type Limits, standardLimits } from '../domain/limits';
import { findByKey } from '../service/key';
import type { Work } from '../service/run/work';
import { rowAt } from '../store/past';
import { pastCost } from './guard/cost';
import { DocumentLimits } from './guard/limits';
import { type Edges, edges, type OneEdge, type TargetOf } from './model/edges';
import { listOf, type Noun, nouns, numberOf, type RowOf } from './model/nouns';
import type { PastNoun } from './model/past';
import { columnsOf } from './read/columns';
import { Loaders } from './read/loaders';
import { ReplySize } from './read/reply-size';
import { selectedFields } from './read/selection';
import { showInPlace } from './read/show';

const standard = new DocumentLimits(standardLimits, true);

/** The objects that resolvers work with. Made once per request. */
export class GraphContext {
  private current: Loaders | undefined;

  /** The size of the reply so far. */
  readonly reply: ReplySize;

  constructor(
    readonly work: Work,
    private readonly limits: Limits = standardLimits,
    readonly documentLimits: DocumentLimits = standard,
  ) {
    this.reply = new ReplySize(limits.reply, work.counter.limit);
  }

  get maxPageSize(): number {
    return this.limits.pageSize;
  }

  get caller(): Caller {
    return this.work.caller;
  }

  /** Made when first needed: most queries are read by their plan, and need none. */
  get loaders(): Loaders {
    this.current ??= new Loaders(this.work.reads(), (dispatch) => this.reply.onceSettled(dispatch));
    return this.current;
  }

  /** Called before a query: without a mutation, a replica may answer. */
  async onlyReads(): Promise<void> {
    await this.work.onlyReads();
    this.refresh();
  }

  /** Called before a mutation: rows that were read before may be out of date afterwards. */
  refresh(): void {
    this.current = undefined;
  }

  /**
   * Finds an object by its id or business number, with the columns that the selection needs. Null if the caller sees
   * none.
   */
  async find<N extends Noun>(noun: N, key: string, info: GraphQLResolveInfo): Promise<RowOf<N> | null> {
    const columns = columnsOf(noun, selectedFields(info));
    const row = await findByKey<RowOf<N> & { id: string }>(
      this.work.reads(),
      listOf(noun).rowClass,
      numberOf(noun) as never,
      key,
      columns,
    );
    return row ? showInPlace(noun, row) : null;
  }

  /**
   * Finds an object as it stood at an instant, by its id or business number. Null if the caller sees none, or if it was
   * not there.
   * @throws GraphQLError BAD_USER_INPUT if the history does not tell
   */
  async findAt<N extends PastNoun>(noun: N, key: string, at: string): Promise<RowOf<N> | null> {
    const id = idOf(key);
    const column = numberOf(noun);
    if (!id && (!column || key.includes('\0'))) return null;
    this.reply.addReading(pastCost);
    const { typename } = nouns[noun];
    const row = await rowAt<RowOf<N> & object>(
      this.work.reads(),
      listOf(noun).rowClass,
      typename satisfies HistorySubject,
      id ? { id } : { column: column!, number: key },
      at,
    );
    if (row === 'unknown') {
      throw new GraphQLError(
        `asOf must be an instant that the history tells of. It lacks a change of this ${typename} since ${at}.`,
        { extensions: { code: 'BAD_USER_INPUT' } },
      );
    }
    return row && showInPlace(noun, row);
  }

  /** Follows an edge to one row, with the columns that the selection needs. Null only on an edge whose target may be unseen. */
  async follow<E extends OneEdge>(edge: E, id: string, info: GraphQLResolveInfo): Promise<TargetOf<E> | null> {
    const { target, mayBeUnseen } = edges[edge] as { target: Edges[E]['target']; mayBeUnseen: boolean };
    const { loaders } = this;
    const rows = loaders.atField(edge, info.fieldNodes, () =>
      loaders.rows(target, columnsOf(target, selectedFields(info))),
    );
    const row = await rows.load(id);
    // Foreign keys and the scope guarantee that the row exists.
    if (!row && !mayBeUnseen) throw new Error(`${edge} leads to ${id}, which is out of scope`);
    return row ?? null;
  }
}
