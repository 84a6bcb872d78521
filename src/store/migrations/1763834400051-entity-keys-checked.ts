import type { MigrationInterface, QueryRunner } from 'typeorm';
import { references } from './1763834400050-entity-keys';

/** Validates the foreign keys of entity-keys for the rows that existed before. Reads and writes continue meanwhile. */
export class EntityKeysChecked1763834400051 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, , , name] of references) {
      await runner.query(`alter table ${table} validate constraint "${name}"`);
    }
  }

  /** A validated constraint stays validated. */
  async down(): Promise<void> {}
}
