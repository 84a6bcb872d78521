import type { GraphQLResolveInfo } from 'graphql';
import type { Caller } from '../domain/caller';
import { type Limits, standardLimits } from '../domain/limits';
import { findByKey } from '../service/key';
import type { Work } from '../service/run/work';
import { DocumentLimits } from './guard/limits';
import { type Edges, edges, type OneEdge, type TargetOf } from './model/edges';
import { listOf, type Noun, numberOf, type RowOf } from './model/nouns';
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
