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
 * Changes the billing settings of the caller's entity. The lock on the settings comes first. Requests that enter a tax
 * code or create a credit memo hold the settings, so the facts read after the lock cannot grow. This function takes no
 * further lock. So no deadlock is possible, whatever other units locked before they held the settings.
 */
export function updateBillingSettings(
  work: Work,
  input: BillingSettingsInput,
  { expectedVersion, dryRun = false }: { expectedVersion?: number | null; dryRun?: boolean } = {},
): Promise<{ billingSettings: BillingSettingsRow }> {
  return work.run(dryRun, async (unit) => {
    const { entityId, orgIds } = work.caller;
    // Before the lock: no request waits for the settings while this statement waits for a connection.
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

/** Settings as the history records them: the id is the entity's, and there are no orgs. */
const kept = (settings: BillingSettingsRow) => ({
  ...settings,
  id: settings.entityId,
  orgIds: [],
  updatedDate: settings.updatedDate ?? '',
});
