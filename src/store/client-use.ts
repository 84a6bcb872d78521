import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Connection } from './connection/connection';

/*
 * What clients use of their limits in each process, so that the limits hold over all processes of a database.
 *
 * A row belongs to one client and one process, and says how much, not how much more. So an exchange whose outcome is not known
 * is repeated without counting twice, processes never wait for each other's rows, and what a dead process leaves ends by time.
 * The tables are unlogged: a crash of the server empties them, and the processes then tell again.
 */

/** A process that takes part. It holds subscriptions while it was seen lately. */
@Entity('gateway_process')
export class GatewayProcessRow {
  @PrimaryColumn('uuid') id: string;
  /** The number of the process's last exchange. An older one that comes late changes nothing. */
  @Column('bigint') turn: string;
  @Column('timestamp with time zone', { precision: 3 }) seenDate: string;
}

/** What a client has used through one process in the minute that ends then, on the clock of the database. */
@Entity('client_rate')
export class ClientRateRow {
  @PrimaryColumn('uuid') clientId: string;
  @PrimaryColumn('uuid') processId: string;
  @Column('bigint') requests: string;
  @Column('bigint') cost: string;
  @Column('timestamp with time zone', { precision: 3 }) endsDate: string;
}

/** How many subscriptions a client has through one process at the moment. */
@Entity('client_subscription')
export class ClientSubscriptionRow {
  @PrimaryColumn('uuid') clientId: string;
  @PrimaryColumn('uuid') processId: string;
  @Column('integer') count: number;
}

/** Seconds without an exchange after which the subscriptions of a process no longer count. */
const deadAfter = 5;

/** What a process says of a client's minute. */
export interface RateHere {
  clientId: string;
  requests: number;
  cost: number;
  /** Milliseconds until the minute ends. */
  leftMs: number;
  /** The minute was not told yet: it ends when that of the other processes does, if they have one. */
  joins: boolean;
}

/** What a client has used through other processes. */
export interface RateElsewhere {
  clientId: string;
  requests: number;
  cost: number;
  /** Milliseconds until the minute of the other processes ends; null if none of them has one. */
  leftMs: number | null;
}

export interface SubscriptionsHere {
  clientId: string;
  count: number;
}

interface Exchange {
  processId: string;
  turn: number;
  rates: readonly RateHere[];
  subscriptions: readonly SubscriptionsHere[];
}

interface Exchanged {
  /** The database did not know the process: nothing that it has told before is there. */
  isNew: boolean;
  /** Other processes that were seen lately. */
  others: number;
  rates: RateElsewhere[];
  subscriptions: SubscriptionsHere[];
}

/**
 * A date that lies around now is believed; one that is further away was written before the clock of the database was set.
 * Without that, a clock set back by an hour would refuse clients for as long.
 */
const within = (column: string, before: number, after: number): string =>
  `${column} > now() - interval '${before} s' and ${column} <= now() + interval '${after} s'`;
const isLive = within('r.ends_date', 0, 61);
const isSeen = (process: string): string => within(`${process}.seen_date`, deadAfter, deadAfter);

/** The row of the process comes first: its lock orders the exchanges of the process. */
const exchangeText = `with me as (
    insert into gateway_process as p (id, turn, seen_date) values ($1, $2, now())
    on conflict (id) do update set turn = excluded.turn, seen_date = excluded.seen_date where p.turn < excluded.turn
    returning xmax = 0 as "isNew"
  ), other as (
    select p.id from gateway_process p where p.id <> $1 and ${isSeen('p')}
  ), rate as materialized (
    select t.*, used.requests as "requestsElsewhere", used.cost as "costElsewhere", used.ends_date
    from json_to_recordset($3::json) as t("clientId" uuid, requests bigint, cost bigint, "leftMs" double precision, joins boolean)
    cross join lateral (
      select coalesce(sum(r.requests), 0)::float8 as requests, coalesce(sum(r.cost), 0)::float8 as cost, min(r.ends_date) as ends_date
      from client_rate r where r.client_id = t."clientId" and r.process_id <> $1 and ${isLive}) used
  ), held as materialized (
    select * from json_to_recordset($4::json) as t("clientId" uuid, count integer)
  ), rates_told as (
    insert into client_rate (client_id, process_id, requests, cost, ends_date)
    select "clientId", $1, requests, cost,
      coalesce(case when joins then ends_date end, now() + "leftMs" * interval '1 ms') from rate cross join me
    on conflict (client_id, process_id) do update
      set requests = excluded.requests, cost = excluded.cost, ends_date = excluded.ends_date
  ), subscriptions_told as (
    insert into client_subscription as s (client_id, process_id, count)
    select "clientId", $1, count from held cross join me where count > 0
    on conflict (client_id, process_id) do update set count = excluded.count where s.count <> excluded.count
  ), subscriptions_ended as (
    delete from client_subscription s using held cross join me
    where held.count = 0 and s.client_id = held."clientId" and s.process_id = $1
  )
  select me."isNew", (select count(*)::integer from other) as others, elsewhere.*
  from me left join (
    select "clientId", "requestsElsewhere" as requests, "costElsewhere" as cost,
      extract(epoch from ends_date - now())::float8 * 1000 as "leftMs", null::integer as count from rate
    union all
    select "clientId", null, null, null, (select coalesce(sum(s.count), 0)::integer from client_subscription s
      where s.client_id = held."clientId" and s.process_id in (select id from other)) from held
  ) elsewhere on true`;

type ExchangedRow = Pick<Exchanged, 'isNew' | 'others'> & RateElsewhere & { count: number | null };

/**
 * Tells what a process counts, and reads what the others count for the same clients. One statement.
 * @throws an error of the database. What was told may be there all the same
 */
export async function exchangeUse(db: Connection, told: Exchange): Promise<Exchanged> {
  const { processId, turn, rates, subscriptions } = told;
  const values = [processId, turn, JSON.stringify(rates), JSON.stringify(subscriptions)];
  const found = await db.query<ExchangedRow>(exchangeText, values);
  // An exchange with a later number came before. This process makes one at a time, so that is a fault.
  if (found.length === 0) throw new Error(`exchange ${turn} of process ${processId} came too late`);
  const [{ isNew, others }] = found;
  const elsewhere: Exchanged = { isNew, others, rates: [], subscriptions: [] };
  for (const { clientId, requests, cost, leftMs, count } of found) {
    // Neither was told: the one row is that of the process alone.
    if (clientId === null) continue;
    if (count === null) elsewhere.rates.push({ clientId, requests, cost, leftMs });
    else elsewhere.subscriptions.push({ clientId, count });
  }
  return elsewhere;
}

/** Gives the subscriptions of a process back before its end. Its rates stay until their minutes end. */
export async function leaveUse(db: Connection, processId: string): Promise<void> {
  await db.query(
    `with gone as (delete from gateway_process where id = $1)
     delete from client_subscription where process_id = $1`,
    [processId],
  );
}

/** How long a process was not seen before its rows are deleted: one that was only frozen finds them again. */
const forgottenAfter = 60;
/** The most minutes that one statement deletes. */
const piece = 10_000;

/**
 * Deletes minutes that have ended, and processes that have not been seen for a minute with their subscriptions. Takes no row
 * that another statement holds, so any number of processes may do it at once. Returns whether there is more.
 */
export async function purgeUse(db: Connection): Promise<boolean> {
  const [{ gone }] = await db.query<{ gone: number }>(
    `with ended as (
       select r.ctid as place from client_rate r where not (${isLive}) limit $1 for update skip locked
     ), rates as (
       delete from client_rate r using ended where r.ctid = ended.place returning 1
     ), dead as (
       select p.ctid as place from gateway_process p where not (${within('p.seen_date', forgottenAfter, forgottenAfter)})
       for update skip locked
     ), processes as (
       delete from gateway_process p using dead where p.ctid = dead.place returning p.id
     ), subscriptions as (
       delete from client_subscription s using processes where s.process_id = processes.id
     )
     select count(*)::integer as gone from rates`,
    [piece],
  );
  return gone >= piece;
}
