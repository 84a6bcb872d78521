import type { MigrationInterface, QueryRunner } from 'typeorm';

const number =
  '$[*] ? (@.field == "fulfillmentNumber" || @.field == "invoiceNumber" || @.field == "creditMemoNumber").before';

/**
 * The past of a deleted object is found by its number too. And the entry of a canceled invoice tells its balance, which an
 * earlier migration set to 0 without one (canceled-documents): what is canceled was owed in full.
 */
export class Past1763834400083 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create index history_entry_deleted on history_entry (entity_id, (jsonb_path_query_first(changes, '${number}') #>> '{}'))
       where action = 'Delete'`,
    );
    await runner.query(
      `update history_entry h set changes = h.changes || jsonb_build_array(
         jsonb_build_object('field', 'balance', 'before', trim_scale(i.amount)::text, 'after', '0'))
       from invoice i where i.entity_id = h.entity_id and i.id = h.subject_id and i.amount <> 0
         and h.subject_type = 'Invoice' and h.action = 'Cancel' and not h.changes @> '[{"field": "balance"}]'`,
    );
  }

  /** What the entries tell of balances is true before it too. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index history_entry_deleted');
  }
}
