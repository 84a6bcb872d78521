import type { MigrationInterface, QueryRunner } from 'typeorm';
import { appRole, readerRole, systemRole } from '../connection/roles';

/**
 * TypeORM's own output for the classes of rows, but for "unlogged": what clients use this minute is worth no write-ahead log,
 * and no replica needs it. Pages keep room, so that an update stays in its page and touches no index.
 *
 * No key has an entity: a limit is the client's, in whatever entity it acts. Where tables are distributed, these stay on one server.
 */
const statements = [
  `CREATE UNLOGGED TABLE "gateway_process" ("id" uuid NOT NULL, "turn" bigint NOT NULL, "seen_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_gateway_process" PRIMARY KEY ("id")) with (fillfactor = 50)`,
  `CREATE UNLOGGED TABLE "client_rate" ("client_id" uuid NOT NULL, "process_id" uuid NOT NULL, "requests" bigint NOT NULL, "cost" bigint NOT NULL, "ends_date" TIMESTAMP(3) WITH TIME ZONE NOT NULL, CONSTRAINT "PK_client_rate" PRIMARY KEY ("client_id", "process_id")) with (fillfactor = 50)`,
  `CREATE UNLOGGED TABLE "client_subscription" ("client_id" uuid NOT NULL, "process_id" uuid NOT NULL, "count" integer NOT NULL, CONSTRAINT "PK_client_subscription" PRIMARY KEY ("client_id", "process_id")) with (fillfactor = 50)`,
  `revoke all on gateway_process, client_rate, client_subscription from ${appRole}, ${readerRole}`,
  `grant select, insert, update, delete on gateway_process, client_rate, client_subscription to ${systemRole}`,
];

export class ClientUse1763834400060 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table client_subscription, client_rate, gateway_process');
  }
}
