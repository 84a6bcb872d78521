import type { Caller } from '../domain/caller';
import { scopes } from '../domain/caller';
import { createAccount } from '../service/account';
import { anyClientBut, createClient, grantsOf } from '../service/client';
import { createFulfillments } from '../service/fulfillment';
import { transitionFulfillments } from '../service/fulfillment-change';
import { createOrder } from '../service/order';
import { type Services, Work } from '../service/work';
import { type DatabaseOptions, emptyDatabase } from '../store/database';
import { type DemoAccount, demoEntities } from './data';

/** Published on purpose: the demo's credentials. A production start refuses a database that knows them. */
export const demoClientId = '00000000-0000-4000-8000-000000000001';
const twoEntitiesClientId = '00000000-0000-4000-8000-000000000002';
const readOnlyClientId = '00000000-0000-4000-8000-000000000003';
export const demoSecret = 'demo-secret';

/** The embedded database is not the demo's to clear. */
export class DemoError extends Error {}

/**
 * Fills an empty embedded database once, through the services as any client would. The first client is made last and so
 * says that the demo is whole: what a start that was killed has left behind is cleared away by the next.
 */
export async function fillDemo(services: Services, owner: DatabaseOptions): Promise<void> {
  const db = services.db.reads();
  if (await grantsOf(db, demoClientId)) return;
  if (await anyClientBut(db, [twoEntitiesClientId, readOnlyClientId])) {
    throw new DemoError(
      'The embedded database has clients of its own and no demo data; nothing was touched. Set DATA_DIR to another folder.',
    );
  }
  await emptyDatabase(owner);
  const [first, second] = demoEntities;
  const all = demoEntities.map(({ name, orgs }) => ({
    entity: name,
    orgs: orgs.map((org) => org.name),
    allOrgs: true,
  }));
  const client = (clientId: string, name: string, grants: typeof all, granted: readonly string[] = scopes) =>
    createClient(db, { clientId, secret: demoSecret, name, grants, scopes: granted });

  await client(twoEntitiesClientId, 'Demo: two entities', all);
  const readable = [{ entity: first.name, orgs: [first.orgs[0].name], allOrgs: false }];
  await client(readOnlyClientId, 'Demo: read only', readable, ['read']);
  for (const entity of [first, second]) {
    const caller = await callerIn(services, entity.name);
    for (const org of entity.orgs) {
      const orgId = caller.orgs.get(org.name)!;
      for (const account of org.accounts) await fillAccount(services, caller.caller, orgId, account);
    }
  }
  await client(demoClientId, 'Demo', [all[0]]);
}

async function callerIn(
  services: Services,
  entityName: string,
): Promise<{ caller: Caller; orgs: Map<string, string> }> {
  const grants = (await grantsOf(services.db.reads(), twoEntitiesClientId))!;
  const entity = grants.entities.find(({ name }) => name === entityName)!;
  return {
    caller: {
      clientId: grants.id,
      entityId: entity.id,
      orgIds: entity.orgs.map(({ id }) => id),
      scopes: grants.scopes,
      requestId: 'demo',
      trackId: 'demo data',
    },
    orgs: new Map(entity.orgs.map(({ id, name }) => [name, id])),
  };
}

async function fillAccount(services: Services, caller: Caller, orgId: string, demo: DemoAccount): Promise<void> {
  const work = new Work(services, caller);
  const { account } = await createAccount(work, { ...demo.account, orgId });
  for (const { lines, ...order } of demo.orders) {
    const { orderLineItems } = await createOrder(work, {
      ...order,
      existingAccountNumber: account.accountNumber,
      orderLineItems: lines.map(({ fulfillments: _, ...line }) => line),
    });
    for (const [at, line] of lines.entries()) {
      for (const { move, ...fulfillment } of line.fulfillments ?? []) {
        const { fulfillments } = await createFulfillments(work, {
          fulfillments: [{ ...fulfillment, orderLineItemId: orderLineItems[at].id }],
          processingOptions: move?.bill
            ? { runBilling: true, collectPayment: move.pay, billingOptions: { targetDate: fulfillment.billTargetDate } }
            : null,
        });
        if (move?.next) await transitionFulfillments(work, { keys: [fulfillments[0]!.id], action: move.next });
      }
    }
    await work.finish();
  }
}
