import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A client in one entity. Its writes in one entity do not affect its reads in another. */
export interface Reader {
  clientId: string;
  entityId: string;
}

/**
 * How far the writes of a client in an entity go in the log of the primary, where there are replicas. Noted behind each commit
 * and before its reply, so any process can look it up.
 *
 * The table is not logged: it costs no write to the disk, and is of no use on another server. It is empty after a crash of the
 * primary and after a failover.
 */
@Entity('client_write')
export class ClientWriteRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') clientId: string;
  /** The cluster and database whose log that is: a dump may have been restored into another one. */
  @Column('text') database: string;
  /** Bytes since the beginning of the log. */
  @Column('bigint') position: string;
}

const nobody = '00000000-0000-0000-0000-000000000000';

/** Stands for all clients: what was noted before its own position may be lost. */
export const anybody: Reader = { entityId: nobody, clientId: nobody };

/**
 * The end of the primary's log. If the log has just begun a page, PostgreSQL counts the page header of 24 or 40 bytes
 * as written. A replica counts the header only after a record follows. On an idle server none does.
 */
export const endOfLog = `with log as (
    select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as at, current_setting('wal_block_size')::numeric as block)
  select (at - case when mod(at, block) in (24, 40) then mod(at, block) else 0 end)::text as position from log`;

/** Notes that a client has written all that it has written, up to the present end of the log. */
export const noteWrite = ({ entityId, clientId }: Reader, database: string) => ({
  text: 'select note_write($1, $2, $3)',
  values: [entityId, clientId, database],
});

/** Notes that several clients have written all that they have written, up to the present end of the log. */
export const noteWrites = (writers: readonly Reader[], database: string) => ({
  text: 'select note_write(w."entityId", w."clientId", $2) from json_to_recordset($1::json) as w("entityId" uuid, "clientId" uuid)',
  values: [JSON.stringify(writers), database],
});

/**
 * The position behind all writes of a client ($2, $3) of a database ($1). `begun`: the notes have a beginning, and are complete
 * from there on.
 */
export const writtenText = `with noted as not materialized (select * from client_write where database = $1)
  select max(w.position)::text as position, coalesce(bool_or(w.client_id = '${nobody}'), false) as begun from (
    select position, client_id from noted where entity_id = '${nobody}' and client_id = '${nobody}'
    union all select position, client_id from noted where entity_id = $2 and client_id = $3) w`;
