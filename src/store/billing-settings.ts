import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type {
  BillingSettings,
  CreditMemoRule,
  InclusiveTaxRule,
  TaxCode,
  UnitOfMeasure,
} from '../domain/billing-settings';
import type { RoundingMode } from '../domain/decimal';
import type { Scoped } from './connection/connection';
import { selectList, tableOf } from './query/table';
import { recordset } from './query/write';
import { EntityRow } from './tenant';

/**
 * How an entity bills. A trigger inserts the one row together with the entity, so that there is always a row to lock.
 */
@Entity('billing_settings')
@ForeignKey(() => EntityRow, ['entityId'], ['id'])
export class BillingSettingsRow implements BillingSettings {
  @PrimaryColumn('uuid') entityId: string;
  @Column('boolean') invoiceSettlement: boolean;
  @Column('enum', {
    enum: ['AllNegative', 'AllNegativeAndZero', 'NetNegative', 'NetNegativeNoGrouping'],
    enumName: 'credit_memo_rule',
  })
  creditMemoRule: CreditMemoRule;
  @Column('enum', { enum: ['NetFirst', 'TaxFirst'], enumName: 'inclusive_tax_rule' })
  inclusiveTaxRule: InclusiveTaxRule;
  @Column('enum', { enum: ['HALF_UP', 'UP', 'DOWN'], enumName: 'rounding_mode' }) roundingMode: RoundingMode;
  @Column('jsonb') taxCodes: TaxCode[];
  @Column('jsonb') units: UnitOfMeasure[];
  @Column('text', { array: true, nullable: true }) carriers: string[] | null;
  @Column('text', { array: true, nullable: true }) fulfillmentSystems: string[] | null;
  @Column('text', { array: true, nullable: true }) fulfillmentLocations: string[] | null;
  @Column('integer', { default: 1 }) version: number;
  /** Null until the first change after the entity was created. */
  @Column('timestamp with time zone', { precision: 3, nullable: true }) updatedDate: string | null;
  @Column('uuid', { nullable: true }) updatedById: string | null;
}

/** Settings belong to the entity, whichever of its orgs a caller sees. */
const ofEntity = 'entity_id = $1 and $2::uuid[] is not null';

/**
 * The settings of the caller's entity. `share` keeps them unchanged to the end of the transaction, for work that a
 * change would make wrong. `update` is for changing them. Work that only reads a list takes neither lock.
 */
export async function billingSettings(scoped: Scoped, lock?: 'share' | 'update'): Promise<BillingSettingsRow> {
  const text = `select ${selectList(tableOf(BillingSettingsRow))} from billing_settings t where ${ofEntity}`;
  // Share locks do not block one another. They count as waiting only behind a transaction that changes the settings.
  if (lock !== 'update') {
    const [free] = await scoped.query<BillingSettingsRow>(lock ? `${text} for share skip locked` : text);
    if (free || !lock) return free;
  }
  const [row] = await scoped.lock<BillingSettingsRow>(
    'billing_settings',
    [scoped.scope.entityId],
    `${text} for ${lock}`,
  );
  return row;
}

/** Writes settings that this transaction has locked. */
export async function updateBillingSettings(scoped: Scoped, settings: BillingSettingsRow): Promise<void> {
  const table = tableOf(BillingSettingsRow);
  const properties = Object.keys(table.columns).filter((property) => property !== 'entityId');
  await scoped.post(
    `update billing_settings t set ${properties.map((p) => `${table.columns[p].name} = r."${p}"`).join(', ')}
     from json_to_record($3::json) as r(${recordset(table, properties)}) where ${ofEntity}`,
    [JSON.stringify(settings)],
  );
}

/** The tax codes that some line item of the entity uses, in any org. */
export async function taxCodesInUse(scoped: Scoped, codes: readonly string[]): Promise<Set<string>> {
  const rows = await scoped.query<{ code: string }>('select code from tax_codes_in_use($1, $2, $3) as code', [codes]);
  return new Set(rows.map(({ code }) => code));
}

/** Whether the entity has a credit memo, in any org and state. */
export async function hasCreditMemo(scoped: Scoped): Promise<boolean> {
  const [{ found }] = await scoped.query<{ found: boolean }>('select has_credit_memo($1, $2) as found');
  return found;
}
