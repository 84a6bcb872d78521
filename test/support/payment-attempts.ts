import { newId } from '../../src/store/id';
import { openAttempts } from '../../src/store/payment-attempt';
import { insertChain } from './chain';
import type { TestDatabase } from './database';
import { tenant } from './rows';

/** An account with payment attempts, for tests of gateways without the service. */
export async function attempts({ raw }: TestDatabase, entity = 'Acme') {
  const scope = await tenant(raw, entity);
  const { account } = await insertChain(raw, scope);
  const attempt = async () => {
    const { entityId } = account;
    const id = newId();
    await openAttempts(raw, [{ ...account, id, accountId: account.id, amount: '12.34', trackId: null }]);
    return { entityId, id };
  };
  return { entityId: account.entityId, accountId: account.id, attempt };
}
