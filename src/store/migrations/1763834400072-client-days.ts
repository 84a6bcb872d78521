import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

/**
 * Replaces a client's secret on behalf of the client. A caller's transaction has no right to the secrets, so the function does
 * this one thing as their owner: in the same transaction as the history entry and the stored outcome. It adds a secret to no
 * other client than one that sees the entity of the transaction, and only if the secret that the caller signed in with is live.
 *
 * The clock and not the start of the transaction says what is live: the transaction may have waited for the row of the client.
 */
const rotate = `create function rotate_client_secret(entity uuid, orgs uuid[], client uuid, by_secret uuid, new_secret uuid, new_hash text,
    made timestamptz, ends timestamptz, most integer) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
  declare
    person boolean;
  begin
    select c.groups is not null into person from client c
      where c.id = client and c.revoked_date is null and may_ask(entity, orgs)
        and exists (select from client_grant g where g.client_id = c.id and g.entity_id = entity)
      for update;
    if person is null then return 'unknown'; end if;
    if person then return 'person'; end if;
    delete from client_secret s where s.client_id = client and s.ends_date <= clock_timestamp();
    if not exists (select from client_secret s where s.client_id = client and s.id = by_secret) then return 'ended'; end if;
    if ends <= made then
      delete from client_secret s where s.client_id = client;
    else
      update client_secret s set ends_date = least(s.ends_date, ends) where s.client_id = client;
    end if;
    if (select count(*) from client_secret s where s.client_id = client) >= most then return 'full'; end if;
    insert into client_secret (id, client_id, hash, created_date) values (new_secret, client, new_hash, made);
    return 'done';
  end $$`;
const rotateSignature = 'rotate_client_secret(uuid, uuid[], uuid, uuid, uuid, text, timestamptz, timestamptz, integer)';

/**
 * What clients use, by day, and which registered documents they run. Neither has an entity: a client and its documents have none.
 * Pages keep room, so that the same counters are updated in place every few seconds.
 */
const tables = [
  `create table client_day (client_id uuid not null, day date not null, code text collate "C" not null, count bigint not null,
     cost bigint not null, constraint "PK_client_day" primary key (client_id, day, code)) with (fillfactor = 70)`,
  'create index client_day_day on client_day (day)',
  'alter table client_day add constraint client_day_client foreign key (client_id) references client (id) on delete cascade',
  `create table client_document_use (id uuid not null, count bigint not null, last_used_date timestamp(3) with time zone not null,
     constraint "PK_client_document_use" primary key (id)) with (fillfactor = 70)`,
  'alter table client_document_use add constraint client_document_use_document foreign key (id) references registered_document (id) on delete cascade',
];

export class ClientDays1763834400072 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'alter table client_secret add ends_date timestamp(3) with time zone',
      `grant select (created_date, last_used_date, ends_date) on client_secret to ${readerRole}`,
      ...tables,
      `revoke all on client_day, client_document_use from ${appRole}`,
      `grant select, insert, update, delete on client_day, client_document_use to ${systemRole}`,
      rotate,
      `revoke execute on function ${rotateSignature} from public`,
      `grant execute on function ${rotateSignature} to ${appRole}`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  /** The program before would take a secret beyond its end: those that have one end now. */
  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      `drop function ${rotateSignature}`,
      'drop table client_document_use, client_day',
      'delete from client_secret where ends_date is not null',
      'alter table client_secret drop column ends_date',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
