import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Connection } from './connection/connection';

/** Names an import: each client has its own keys in each entity. */
export interface ImportKey {
  entityId: string;
  clientId: string;
  /** The Idempotency-Key. */
  key: string;
}

/**
 * An import under its Idempotency-Key. Its chunks are forgotten a day after it was last seen. The row itself stays longer, so
 * that a late retry is refused and creates nothing twice.
 */
@Entity('fulfillment_import')
@Index('fulfillment_import_seen', ['seenDate'])
export class ImportRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') clientId: string;
  @PrimaryColumn('text') key: string;
  /** Digest of the form, the columns, the options and the orgs. Other ones under the same key are refused. */
  @Column('text') fingerprint: string;
  /** Number of chunks; null until the file was read to its end. */
  @Column('integer', { nullable: true }) chunks: number | null;
  /** The run that carries the import out; null if none does. */
  @Column('uuid', { nullable: true }) holder: string | null;
  /** After this time another run may take the import over. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) heldUntil: string | null;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  @Column('timestamp with time zone', { precision: 3 }) seenDate: string;
}

/** A part of a file, committed together with its fulfillments. */
@Entity('fulfillment_import_chunk')
@ForeignKey(() => ImportRow, ['entityId', 'clientId', 'key'], ['entityId', 'clientId', 'key'], {
  name: 'fulfillment_import_chunk_of',
  onDelete: 'CASCADE',
})
export class ImportChunkRow {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') clientId: string;
  @PrimaryColumn('text') key: string;
  /** From 0. */
  @PrimaryColumn('integer') number: number;
  /** Digests of its lines, 8 bytes each. */
  @Column('bytea') digests: Buffer;
  /** Its lines of the reply. */
  @Column('text') outcome: string;
  @Column('uuid', { array: true }) fulfillmentIds: string[];
  /** What billing made of it, as it is told; null if it is not billed. */
  @Column('text', { nullable: true }) billed: string | null;
}

/** How long an import is held without a sign of life. A killed process lets go of it within this time. */
const hold = "interval '6 seconds'";
/** How long an import's chunks are kept after it was last seen. */
const kept = "interval '24 hours'";
/** How long the key of an import is refused after its chunks are forgotten. */
const refused = "interval '30 days'";

/** An import as it was found, and the chunks that it has. */
export interface FoundImport {
  fingerprint: string;
  chunks: number | null;
  /** Number of committed chunks. They are the first ones of the file. */
  committed: number;
  /** Its chunks are forgotten, or may be at any time. */
  isForgotten: boolean;
}

const named = 'entity_id = $1 and client_id = $2 and key = $3';
/** The same for chunks, which are called c. */
const ofImport = 'c.entity_id = $1 and c.client_id = $2 and c.key = $3';
const values = ({ entityId, clientId, key }: ImportKey): unknown[] => [entityId, clientId, key];

/** The import under a key, or undefined. */
export async function findImport(connection: Connection, of: ImportKey): Promise<FoundImport | undefined> {
  const [found] = await connection.query<FoundImport>(
    `select fingerprint, chunks,
       seen_date < now() - ${kept} as "isForgotten",
       (select count(*)::integer from fulfillment_import_chunk c where ${ofImport}) as committed
     from fulfillment_import where ${named}`,
    values(of),
  );
  return found;
}

/**
 * Takes an import for a run, and makes it if it is new. Returns false if another run holds it, or if it was forgotten
 * meanwhile.
 */
export async function takeImport(
  connection: Connection,
  of: ImportKey,
  holder: string,
  fingerprint: string,
): Promise<boolean> {
  const taken = await connection.query(
    `insert into fulfillment_import as t (entity_id, client_id, key, fingerprint, holder, held_until, created_date, seen_date)
     values ($1, $2, $3, $5, $4, now() + ${hold}, now(), now())
     on conflict (entity_id, client_id, key) do update
       set holder = excluded.holder, held_until = excluded.held_until, seen_date = excluded.seen_date
       where t.fingerprint = excluded.fingerprint and t.seen_date >= now() - ${kept}
         and (t.held_until is null or t.held_until <= now())
     returning 1`,
    [...values(of), holder, fingerprint],
  );
  return taken.length > 0;
}

/** Shows that a run still works on its import. Returns false if another run has taken the import over. */
export async function holdImport(connection: Connection, of: ImportKey, holder: string): Promise<boolean> {
  const kept = await connection.query(
    `update fulfillment_import set held_until = now() + ${hold}, seen_date = now() where ${named} and holder = $4 returning 1`,
    [...values(of), holder],
  );
  return kept.length > 0;
}

/** Lets go of an import. `chunks`: the number of its chunks, once its file was read to the end. */
export async function leaveImport(
  connection: Connection,
  of: ImportKey,
  holder: string,
  chunks: number | null,
): Promise<void> {
  await connection.query(
    `update fulfillment_import set holder = null, held_until = null, seen_date = now(), chunks = coalesce($5, chunks)
     where ${named} and holder = $4`,
    [...values(of), holder, chunks],
  );
}

/** Keeps a chunk, beside its fulfillments. Returns false if another run has taken the import over: then nothing is kept. */
export async function keepChunk(
  connection: Connection,
  of: ImportKey,
  holder: string,
  chunk: Pick<ImportChunkRow, 'number' | 'digests' | 'outcome' | 'fulfillmentIds'>,
): Promise<boolean> {
  const kept = await connection.query(
    `with held as (
       update fulfillment_import set held_until = now() + ${hold}, seen_date = now() where ${named} and holder = $4 returning 1)
     insert into fulfillment_import_chunk (entity_id, client_id, key, number, digests, outcome, fulfillment_ids)
     select $1, $2, $3, $5, $6, $7, $8 from held returning 1`,
    [...values(of), holder, chunk.number, chunk.digests, chunk.outcome, chunk.fulfillmentIds],
  );
  return kept.length > 0;
}

/** A committed chunk, or undefined. */
export async function findChunk(
  connection: Connection,
  of: ImportKey,
  number: number,
): Promise<Pick<ImportChunkRow, 'digests' | 'outcome' | 'fulfillmentIds' | 'billed'> | undefined> {
  const [chunk] = await connection.query<ImportChunkRow>(
    `select digests, outcome, fulfillment_ids as "fulfillmentIds", billed
     from fulfillment_import_chunk where ${named} and number = $4`,
    [...values(of), number],
  );
  return chunk;
}

/** Records that a chunk is billed. Returns false if another run has taken the import over, or has billed the chunk. */
export async function keepBilled(
  connection: Connection,
  of: ImportKey,
  holder: string,
  number: number,
  billed: string,
): Promise<boolean> {
  const kept = await connection.query(
    `with held as (
       update fulfillment_import set held_until = now() + ${hold}, seen_date = now() where ${named} and holder = $4 returning 1)
     update fulfillment_import_chunk c set billed = $6 from held
     where ${ofImport} and c.number = $5 and c.billed is null returning 1`,
    [...values(of), holder, number, billed],
  );
  return kept.length > 0;
}

/**
 * Forgets chunks of imports that nobody has sent for a day, then keys that were refused for a month, a piece at a time.
 * Returns whether there may be more.
 */
export async function purgeImports(connection: Connection, piece = 200): Promise<boolean> {
  const [{ gone }] = await connection.query<{ gone: number }>(
    `with chunks as (
       delete from fulfillment_import_chunk where ctid = any(array(
         select c.ctid from fulfillment_import i
         join fulfillment_import_chunk c on c.entity_id = i.entity_id and c.client_id = i.client_id and c.key = i.key
         where i.seen_date < now() - ${kept} limit $1))
       returning 1),
     keys as (
       delete from fulfillment_import where ctid = any(array(
         select ctid from fulfillment_import where seen_date < now() - ${refused} limit $1))
         and seen_date < now() - ${refused}
       returning 1)
     select ((select count(*) from chunks) + (select count(*) from keys))::integer as gone`,
    [piece],
  );
  return gone >= piece;
}
