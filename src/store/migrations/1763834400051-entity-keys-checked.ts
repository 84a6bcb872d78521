import type { MigrationInterface, QueryRunner } from 'typeorm';
import { references } from './1763834400050-entity-keys';

/** Looks whether the rows that were there before meet the foreign keys of entity-keys. Reads and writes go on meanwhile. */
export class EntityKeysChecked1763834400051 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, , , name] of references) {
      await runner.query(`alter table ${table} validate constraint "${name}"`);
    }
  }

  /** What was looked at stays so. */
  async down(): Promise<void> {}
}
