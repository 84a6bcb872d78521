import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ClientRow } from './client';
import type { Connection } from './connection/connection';
import { RegisteredDocumentRow } from './registered-document';

/*
 * What clients have used, for the clients themselves. Processes count in memory and add their counts every few seconds, so a
 * request costs no statement.
 */

/** What a client did on a day (UTC): its requests with their cost in the row whose code is empty, its errors by their codes. */
@Entity('client_day')
@Index('client_day_day', ['day'])
@ForeignKey(() => ClientRow, ['clientId'], ['id'], { name: 'client_day_client', onDelete: 'CASCADE' })
export class ClientDayRow {
  @PrimaryColumn('uuid') clientId: string;
  @PrimaryColumn('date') day: string;
  @PrimaryColumn('text', { collation: 'C' }) code: string;
  @Column('bigint') count: string;
  /** In the unit of MAX_COST; 0 in rows of errors. */
  @Column('bigint') cost: string;
}

/** How often a registered document was run, and when last. Its id is that of the document. */
@Entity('client_document_use')
@ForeignKey(() => RegisteredDocumentRow, ['id'], ['id'], { name: 'client_document_use_document', onDelete: 'CASCADE' })
export class ClientDocumentUseRow {
  @PrimaryColumn('uuid') id: string;
  @Column('bigint') count: string;
  @Column('timestamp with time zone', { precision: 3 }) lastUsedDate: string;
}

/** Counts to add to a day of a client. */
export interface DayCount {
  clientId: string;
  day: string;
  code: string;
  count: number;
  cost: number;
}

/** Runs of a registered document to add. */
interface DocumentCount {
  id: string;
  count: number;
  lastUsedDate: string;
}

/** Days that are kept, the present day included. */
export const keptDays = 30;

/**
 * Adds what a process has counted, in one statement. Rows are written in the order of their keys, so that processes never wait
 * for each other in a circle. Clients and documents that are gone are left out.
 * @throws an error of the database. What was told may have been added all the same
 */
export async function addDays(
  db: Connection,
  days: readonly DayCount[],
  documents: readonly DocumentCount[],
): Promise<void> {
  await db.query(
    `with days as (
       insert into client_day as d (client_id, day, code, count, cost)
       select t."clientId", t.day, t.code, t.count, t.cost
       from json_to_recordset($1::json) as t("clientId" uuid, day date, code text, count bigint, cost bigint)
       join client c on c.id = t."clientId" order by 1, 2, 3
       on conflict (client_id, day, code) do update set count = d.count + excluded.count, cost = d.cost + excluded.cost
     )
     insert into client_document_use as u (id, count, last_used_date)
     select t.id, t.count, t."lastUsedDate"
     from json_to_recordset($2::json) as t(id uuid, count bigint, "lastUsedDate" timestamptz)
     join registered_document d on d.id = t.id order by 1
     on conflict (id) do update set count = u.count + excluded.count,
       last_used_date = greatest(u.last_used_date, excluded.last_used_date)`,
    [JSON.stringify(days), JSON.stringify(documents)],
  );
}

/** A day of a client as it is shown: decimals as texts. */
export interface ClientDay {
  day: string;
  requests: string;
  cost: string;
  errors: { code: string; count: string }[];
}

/** What a client did on each of the latest `days` days, the latest first. A day without requests and errors is left out. */
export const daysOf = (db: Connection, clientId: string, days: number): Promise<ClientDay[]> =>
  db.query(
    `select d.day, coalesce(sum(d.count) filter (where d.code = ''), 0)::text as requests, sum(d.cost)::text as cost,
       coalesce(json_agg(json_build_object('code', d.code, 'count', d.count::text) order by d.count desc, d.code)
                filter (where d.code <> ''), '[]') as errors
     from client_day d where d.client_id = $1 and d.day > (now() at time zone 'UTC')::date - $2::integer
     group by d.day order by d.day desc`,
    [clientId, days],
  );

/** How often these registered documents were run, and when last. Documents that were never run are absent. */
export const documentUse = (
  db: Connection,
  ids: readonly string[],
): Promise<{ id: string; count: string; lastUsedDate: string }[]> =>
  db.query(
    `select u.id, u.count::text as count, u.last_used_date as "lastUsedDate" from client_document_use u
     where u.id = any($1::uuid[])`,
    [ids],
  );

/** The most days that one statement deletes. */
const piece = 10_000;

/** Deletes a piece of the days that are too old, and secrets that have ended. Returns whether there may be more. */
export async function purgeDays(db: Connection): Promise<boolean> {
  const [{ gone }] = await db.query<{ gone: number }>(
    `with old as (
       select d.ctid as place from client_day d where d.day <= (now() at time zone 'UTC')::date - ${keptDays} limit $1
       for update skip locked
     ), gone as (
       delete from client_day d using old where d.ctid = old.place returning 1
     ), ended as (
       delete from client_secret s where s.ends_date <= now()
     )
     select count(*)::integer as gone from gone`,
    [piece],
  );
  return gone >= piece;
}
