import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { ClientRow } from './client';
import type { Connection } from './connection/connection';
import type { Position } from './query/list';
import { selectList, tableOf } from './query/table';

/** A document that a client runs by its id. It belongs to the client, in all entities. */
@Entity('registered_document')
@Unique(['clientId', 'documentId'])
@Index(['clientId', 'hash'])
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
export class RegisteredDocumentRow {
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') clientId: string;
  /** The hash of the text as computed by the client's own tool. */
  @Column('text') documentId: string;
  /** SHA-256 of the text in hex digits. It recognizes a document that is sent as text. */
  @Column('text') hash: string;
  @Column('text') text: string;
  @Column('text', { nullable: true }) operationName: string | null;
  @Column('text') operationType: 'query' | 'mutation' | 'subscription';
  /** Estimated cost of the document, by the gateway version that registered it. */
  @Column('integer') cost: number;
  @Column('timestamp with time zone', { precision: 3 }) registeredDate: string;
  /** From this day on the document is not served. */
  @Column('date', { nullable: true }) retiredDate: string | null;
}

/** A document that a client ran without registering it. The mode RegisteredOnly would have refused it. */
@Entity('unknown_document')
@Index(['clientId', 'lastSeen'])
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { onDelete: 'CASCADE' })
export class UnknownDocumentRow {
  @PrimaryColumn('uuid') clientId: string;
  /** SHA-256 of its text. */
  @PrimaryColumn('text') hash: string;
  @Column('text', { nullable: true }) operationName: string | null;
  /** The beginning of the text, to recognize it by. */
  @Column('text') text: string;
  @Column('timestamp with time zone', { precision: 3 }) firstSeen: string;
  @Column('timestamp with time zone', { precision: 3 }) lastSeen: string;
  @Column('bigint') count: string;
}

const table = tableOf(RegisteredDocumentRow);

/** All documents of a client in the order of registration, including retired ones. */
export const documentsOf = (db: Connection, clientId: string): Promise<RegisteredDocumentRow[]> =>
  db.query(`select ${selectList(table)} from registered_document t where client_id = $1 order by id`, [clientId]);

/** A document in a list, without its text, which may be long. */
export type ListedDocument = Omit<RegisteredDocumentRow, 'text'> & { sortValue: string };

const short = Object.keys(table.columns).filter((property) => property !== 'text');

/** A page of the documents of a client in the order of registration: behind a position, or backward ahead of it. */
export function documentPage(
  db: Connection,
  clientId: string,
  { from, limit, backward }: { from: Position | null; limit: number; backward: boolean },
): Promise<ListedDocument[]> {
  const [beyond, way] = backward ? ['<', 'desc'] : ['>', 'asc'];
  return db.query(
    `select ${selectList(table, short)}, t.registered_date as "sortValue" from registered_document t
     where client_id = $1 and ($2::timestamptz is null or (registered_date, id) ${beyond} ($2, $3::uuid))
     order by registered_date ${way}, id ${way} limit $4`,
    [clientId, from?.value ?? null, from?.id ?? null, limit],
  );
}

/** The texts of documents of a client, by the ids of their rows. */
export const documentTexts = (
  db: Connection,
  clientId: string,
  ids: readonly string[],
): Promise<{ id: string; text: string }[]> =>
  db.query('select id, text from registered_document where client_id = $1 and id = any($2::uuid[])', [clientId, ids]);

/** The number of documents of a client, including retired ones. */
export async function countDocuments(db: Connection, clientId: string): Promise<number> {
  const [{ count }] = await db.query<{ count: number }>(
    'select count(*)::integer as count from registered_document where client_id = $1',
    [clientId],
  );
  return count;
}

const registrationLock = 4905;

/** All documents of a client, unchanged until the transaction ends: registrations of a client run one after another. */
export async function lockDocumentsOf(db: Connection, clientId: string): Promise<RegisteredDocumentRow[]> {
  const text = `select pg_advisory_xact_lock(hashtextextended($1, ${registrationLock}))`;
  await db.lock([`documents of client ${clientId}`], text, [clientId]);
  return documentsOf(db, clientId);
}

/** A document of a client by its id, or by the SHA-256 of its text. */
export async function findDocument(
  db: Connection,
  clientId: string,
  documentId: string,
): Promise<RegisteredDocumentRow | undefined> {
  const [row] = await db.query<RegisteredDocumentRow>(
    `select ${selectList(table)} from registered_document t where client_id = $1 and (document_id = $2 or hash = $2)
     order by (document_id = $2) desc, id limit 1`,
    [clientId, documentId],
  );
  return row;
}

export type LiveDocument = RegisteredDocumentRow & { clientName: string };

/**
 * All documents that are not retired by a day, with the names of their clients. Revoked clients are left out. `since`
 * limits the list to documents registered since an instant.
 */
export const liveDocuments = (db: Connection, today: string, since = '1900-01-01Z'): Promise<LiveDocument[]> =>
  db.query(
    `select ${selectList(table)}, c.name as "clientName" from registered_document t join client c on c.id = t.client_id
     where c.revoked_date is null and (retired_date is null or retired_date > $1) and registered_date >= $2 order by c.name, c.id, t.id`,
    [today, since],
  );

export async function insertDocuments(db: Connection, rows: readonly RegisteredDocumentRow[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.entries(table.columns);
  await db.query(
    `insert into registered_document (${columns.map(([, { name }]) => name).join(', ')})
     select ${columns.map(([property]) => `r."${property}"`).join(', ')}
     from json_to_recordset($1::json) as r(${columns.map(([property, { type }]) => `"${property}" ${type}`).join(', ')})`,
    [JSON.stringify(rows)],
  );
}

/** Retires documents from a day on. A null day restores them. */
export async function retireDocuments(
  db: Connection,
  clientId: string,
  documentIds: readonly string[],
  retiredDate: string | null,
): Promise<void> {
  await db.query('update registered_document set retired_date = $3 where client_id = $1 and document_id = any($2)', [
    clientId,
    documentIds,
    retiredDate,
  ]);
}

/**
 * The most unknown documents kept per client. A client that writes values into its texts sends new texts without end.
 */
const mostUnknown = 1_000;

/** Records unknown documents that were run, each with its count. */
export async function noteUnknown(
  db: Connection,
  rows: readonly Pick<UnknownDocumentRow, 'clientId' | 'hash' | 'operationName' | 'text' | 'count'>[],
): Promise<void> {
  await db.query(
    `insert into unknown_document as u (client_id, hash, operation_name, text, first_seen, last_seen, count)
     select r."clientId", r.hash, r."operationName", r.text, now(), now(), r.count
     from json_to_recordset($1::json) as r("clientId" uuid, hash text, "operationName" text, text text, count bigint)
     join client c on c.id = r."clientId"
     where (select count(*) from unknown_document k where k.client_id = r."clientId") < ${mostUnknown}
       or exists (select from unknown_document k where k.client_id = r."clientId" and k.hash = r.hash)
     order by 1, 2
     on conflict (client_id, hash) do update set last_seen = excluded.last_seen, count = u.count + excluded.count`,
    [JSON.stringify(rows)],
  );
}

/** Documents that a client ran unregistered, the last first. Documents registered since then are left out. */
export const unknownDocuments = (db: Connection, clientId: string): Promise<UnknownDocumentRow[]> =>
  db.query(
    `select ${selectList(tableOf(UnknownDocumentRow))} from unknown_document t
     where client_id = $1 and not exists (
       select from registered_document d where d.client_id = t.client_id and d.hash = t.hash)
     order by last_seen desc, hash`,
    [clientId],
  );
