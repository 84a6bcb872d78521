import {
  type BillingSettingsInput,
  changedSettings,
  judgeReach,
  judgeSettings,
  removedTaxCodes,
} from '../domain/billing-settings-change';
import { below } from '../domain/errors';
import { isChanged } from '../domain/history';
import {
  type BillingSettingsRow,
  billingSettings,
  hasCreditMemo,
  taxCodesInUse,
  updateBillingSettings as write,
} from '../store/billing-settings';
import { hasOtherOrgs } from '../store/tenant';
import { judgeVersion } from './key';
import { refuse } from './run/batch';
import type { Work } from './run/work';

/**
 * Changes how the caller's entity bills. The lock comes first: whoever enters a tax code or makes a credit memo holds
 * the settings meanwhile, so that what is found behind the lock can grow no more. Nothing else is locked
 * after it, so that nobody waits in a circle, whatever they have locked before they hold the settings.
 */
export function updateBillingSettings(
  work: Work,
  input: BillingSettingsInput,
  { expectedVersion, dryRun = false }: { expectedVersion?: number | null; dryRun?: boolean } = {},
): Promise<{ billingSettings: BillingSettingsRow }> {
  return work.run(dryRun, async (unit) => {
    const { entityId, orgIds } = work.caller;
    // Before the lock: nobody waits for the settings while this waits for a connection.
    const reach = judgeReach(!(await hasOtherOrgs(work.services.db.aside(), entityId, orgIds)));
    refuse(below(['input'], reach));
    const current = await billingSettings(unit.db, 'update');
    refuse(judgeVersion({ ...current, id: current.entityId }, expectedVersion));
    const removed = removedTaxCodes(input, current);
    const facts = {
      taxCodesInUse: removed.length ? await taxCodesInUse(unit.db, removed) : new Set<string>(),
      creditMemoExists: input.invoiceSettlement === false && (await hasCreditMemo(unit.db)),
    };
    refuse(below(['input'], judgeSettings(input, current, facts)));
    const wanted = changedSettings(current, input);
    if (!isChanged(current, wanted)) return { billingSettings: current };
    const changed = { ...wanted, ...unit.touched(kept(current)) };
    await write(unit.db, changed);
    unit.note('BillingSettings', 'Update', kept(current), kept(changed));
    return { billingSettings: changed };
  });
}

/** Settings as the history knows them: named by their entity, and of no org. */
const kept = (settings: BillingSettingsRow) => ({
  ...settings,
  id: settings.entityId,
  orgIds: [],
  updatedDate: settings.updatedDate ?? '',
});
