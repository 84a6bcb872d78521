import DataLoader from 'dataloader';
import type { FieldNode } from 'graphql';
import type { BillRunStatus } from '../../domain/bill-run';
import { postedRuns, usedRuns } from '../../store/bill-run';
import { claimed, posted } from '../../store/billing-claim';
import { billRunStatuses, type SisterMemo, sisterMemos } from '../../store/billing-document';
import { type BillingSettingsRow, billingSettings } from '../../store/billing-settings';
import { clientNames } from '../../store/client';
import type { Scoped } from '../../store/connection/connection';
import { negativeCredit } from '../../store/invoice';
import { countsBy, type Listed, type PageQuery, pagesBy } from '../../store/query/list';
import { rowsBy } from '../../store/query/write';
import { orgsById } from '../../store/tenant';
import { type Edges, edges, type ManyEdge, type TargetOf } from '../model/edges';
import { listOf, type Noun, type RowOf } from '../model/nouns';
import { turn } from './event-loop';
import { showInPlace } from './show';

/** More keys than this go into another statement. */
const maxBatch = 1000;

/**
 * The dataloaders of one request and one scope. Each edge, selection of columns and arguments has a loader, made when
 * it is first needed. A loader turns the keys of a level into one statement, and matches the rows to the keys. A
 * mutation begins with fresh loaders.
 */
export class Loaders {
  private readonly made = new Map<string, DataLoader<string, unknown>>();

  constructor(
    private readonly scoped: Scoped,
    /** Decides when a batch is dispatched. If absent, dataloader decides. */
    private readonly schedule?: (dispatch: () => void) => void,
  ) {}

  /** The loader of this name, made when it is first needed. For what is no noun too. */
  loader<V>(name: string, load: (keys: readonly string[]) => Promise<Map<string, V>>, none: V): DataLoader<string, V> {
    let loader = this.made.get(name) as DataLoader<string, V> | undefined;
    if (!loader) {
      const batch = async (keys: readonly string[]) => {
        const found = await load(keys);
        return keys.map((key) => found.get(key) ?? none);
      };
      loader = new DataLoader<string, V>(batch, { maxBatchSize: maxBatch, batchScheduleFn: this.schedule });
      this.made.set(name, loader as DataLoader<string, unknown>);
    }
    return loader;
  }

  private readonly atFields = new Map<string, WeakMap<readonly FieldNode[], unknown>>();

  /**
   * Caches a value per request for a field of its document, which has the same arguments and selection below every
   * parent. Cached per edge and fieldNodes. One node alone is ambiguous after fields are merged, and a fragment's field
   * may stand below several types.
   */
  atField<T>(name: string, nodes: readonly FieldNode[], make: () => T): T {
    let made = this.atFields.get(name) as WeakMap<readonly FieldNode[], T & WeakKey> | undefined;
    if (!made) {
      made = new WeakMap();
      this.atFields.set(name, made);
    }
    let value: T | undefined = made.get(nodes);
    if (value === undefined) {
      value = make();
      made.set(nodes, value as T & WeakKey);
    }
    return value;
  }

  /** Rows by their ids; undefined if no row in scope has the id. */
  rows<N extends Noun>(noun: N, columns: readonly string[]): DataLoader<string, RowOf<N> | undefined> {
    const load = async (ids: readonly string[]) => {
      const rows = await rowsBy<RowOf<N> & { id: string }>(this.scoped, listOf(noun).rowClass, 'id', ids, columns);
      const shown = new Map<string, RowOf<N>>();
      await byTurns(rows, (row) => shown.set(row.id, showInPlace(noun, row)));
      return shown;
    };
    return this.loader<RowOf<N> | undefined>(`${noun} ${columns.join()}`, load, undefined);
  }

  row<N extends Noun>(noun: N, columns: readonly string[], id: string): Promise<RowOf<N> | undefined> {
    return this.rows(noun, columns).load(id);
  }

  /** Makes a row known that another statement has read with these columns, so that nothing reads it again. */
  knowRow<N extends Noun>(noun: N, columns: readonly string[], row: RowOf<N> & { id: string }): void {
    this.rows(noun, columns).prime(row.id, row);
  }

  /** Makes known whether the bill of a fulfillment or line item stands on a Posted document. */
  knowPosted(id: string, isPosted: boolean): void {
    this.flags('posted', posted).prime(id, isPosted);
  }

  /** Makes the credit memos known that were made together with an invoice. */
  knowSisters(invoiceId: string, memos: SisterMemo[]): void {
    this.sisters().prime(invoiceId, memos);
  }

  knowRunStatus(id: string, status: BillRunStatus | null): void {
    this.runStatuses().prime(id, status);
  }

  /** Makes the credit of an account on negative invoices known, by currency. */
  knowCredit(accountId: string, credit: Map<string, string>): void {
    this.credits().prime(accountId, credit);
  }

  knowRunPosted(id: string, isPosted: boolean): void {
    this.flags('run posted', postedRuns).prime(id, isPosted);
  }

  knowInvoiceSettlement(isOn: boolean): void {
    this.settlement = Promise.resolve(isOn);
  }

  /** Pages of the rows on a to-many edge, by the ids of the parents. */
  pages<E extends ManyEdge>(edge: E, query: PageQuery): DataLoader<string, Listed<TargetOf<E>>[]> {
    type Row = Listed<TargetOf<E>>;
    const { target, by } = edges[edge] as { target: Edges[E]['target']; by: string | readonly string[] };
    const load = async (parents: readonly string[]) => {
      const pages = new Map<string, Row[]>();
      await byTurns(await pagesBy<TargetOf<E>, object>(this.scoped, listOf(target), by, parents, query), (row) => {
        const page = pages.get(row.parentKey!);
        if (page) page.push(showInPlace(target, row));
        else pages.set(row.parentKey!, [showInPlace(target, row)]);
      });
      return pages;
    };
    return this.loader<Row[]>(`${edge} ${JSON.stringify(query)}`, load, []);
  }

  /** How many rows a to-many edge leads to, by the ids of the parents. */
  totals(edge: ManyEdge, filter: object | null | undefined): DataLoader<string, number> {
    const { target, by } = edges[edge];
    const load = async (parents: readonly string[]) => {
      const counts = await countsBy(this.scoped, listOf(target), by, parents, filter);
      return new Map(counts.map((row) => [row.parentKey, row.count]));
    };
    return this.loader<number>(`count ${edge} ${JSON.stringify(filter ?? {})}`, load, 0);
  }

  /** The org of an account; always one of the caller's. */
  org(id: string): Promise<{ id: string; name: string }> {
    const load = async (ids: readonly string[]) =>
      new Map((await orgsById(this.scoped, ids)).map((org) => [org.id, org]));
    return this.loader('org', load, { id, name: '' }).load(id);
  }

  /** The name of a client; null if there is no such client. */
  clientName(id: string): Promise<string | null> {
    const load = async (ids: readonly string[]) =>
      new Map((await clientNames(this.scoped, ids)).map((client) => [client.id, client.name]));
    // An actor is shown with dashes, as every client_id.
    return this.loader<string | null>('clientName', load, null).load(id.replaceAll('-', ''));
  }

  /** Has this fulfillment or line item been billed? */
  billed(id: string): Promise<boolean> {
    return this.flags('billed', claimed).load(id);
  }

  /** Does the bill of this fulfillment or line item stand on a Posted document? */
  posted(id: string): Promise<boolean> {
    return this.flags('posted', posted).load(id);
  }

  /** Has a document of this bill run been posted? */
  runPosted(id: string): Promise<boolean> {
    return this.flags('run posted', postedRuns).load(id);
  }

  /** Was a document of this bill run ever paid, credited or offset? */
  runUsed(id: string): Promise<boolean> {
    return this.flags('run used', usedRuns).load(id);
  }

  /** The credit memos that were made together with an invoice, with the columns that the rules read. */
  sisterMemos(invoiceId: string): Promise<SisterMemo[]> {
    return this.sisters().load(invoiceId);
  }

  private sisters(): DataLoader<string, SisterMemo[]> {
    const load = async (ids: readonly string[]) => {
      const groups = new Map<string, SisterMemo[]>();
      for (const memo of await sisterMemos(this.scoped, ids)) {
        groups.set(memo.sisterInvoiceId!, [...(groups.get(memo.sisterInvoiceId!) ?? []), memo]);
      }
      return groups;
    };
    return this.loader<SisterMemo[]>('sisterMemos', load, []);
  }

  /** The status of a document's bill run. */
  billRunStatus(id: string): Promise<BillRunStatus | null> {
    return this.runStatuses().load(id);
  }

  private runStatuses(): DataLoader<string, BillRunStatus | null> {
    const load = async (ids: readonly string[]) =>
      new Map((await billRunStatuses(this.scoped, ids)).map((run) => [run.id, run.status]));
    return this.loader<BillRunStatus | null>('billRunStatus', load, null);
  }

  /** The credit of an account on negative invoices, by currency. */
  negativeCredit(accountId: string): Promise<Map<string, string>> {
    return this.credits().load(accountId);
  }

  private credits(): DataLoader<string, Map<string, string>> {
    const load = async (ids: readonly string[]) => {
      const credits = new Map<string, Map<string, string>>();
      for (const { accountId, currency, credit } of await negativeCredit(this.scoped, ids)) {
        credits.set(accountId, new Map(credits.get(accountId)).set(currency, credit));
      }
      return credits;
    };
    return this.loader('negativeCredit', load, new Map<string, string>());
  }

  /** The settings of the caller's entity. */
  settings(): Promise<BillingSettingsRow> {
    this.known ??= billingSettings(this.scoped);
    return this.known;
  }
  private known: Promise<BillingSettingsRow> | undefined;

  /** Whether the entity uses credit memos: a part of the settings. */
  invoiceSettlement(): Promise<boolean> {
    this.settlement ??= this.settings().then(({ invoiceSettlement }) => invoiceSettlement);
    return this.settlement;
  }
  private settlement: Promise<boolean> | undefined;

  private flags(name: string, ask: (scoped: Scoped, ids: readonly string[]) => Promise<string[]>) {
    const load = async (ids: readonly string[]) => new Map((await ask(this.scoped, ids)).map((id) => [id, true]));
    return this.loader<boolean>(name, load, false);
  }
}

/** Rows that are shown in one turn. */
const atATime = 1_000;

async function byTurns<R>(rows: readonly R[], act: (row: R) => void): Promise<void> {
  for (let at = 0; at < rows.length; at += atATime) {
    if (at > 0) await turn(atATime);
    for (const row of rows.slice(at, at + atATime)) act(row);
  }
}
