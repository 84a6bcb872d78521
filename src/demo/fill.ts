import type { Caller } from '../domain/caller';
import { scopes } from '../domain/caller';
import { updateBillingSettings } from '../service/billing-settings';
import { anyClientBut, createClient, grantsOf, isDemo } from '../service/client';
import { type Services } from '../service/run/services';
import { Work } from '../service/run/work';
import { emptyDatabase } from '../store/connection/database';
import { type DatabaseOptions } from '../store/connection/session';
import { oneAtATime } from '../store/embedded/one-at-a-time';
import { type DemoEntity, demoEntities } from './data';
import { fillOrg } from './org';

/** The demo's credentials, published on purpose. A production start refuses a database with this client. */
export const demoClientId = '00000000-0000-4000-8000-000000000001';
const twoEntitiesClientId = '00000000-0000-4000-8000-000000000002';
const readOnlyClientId = '00000000-0000-4000-8000-000000000003';
export const demoSecret = 'demo-secret';

/** The embedded database has clients that are not from the demo, so the demo must not clear it. */
export class DemoError extends Error {}

/**
 * Fills an empty embedded database once, through the services like any client. The demo's main client is made last, as
 * the mark of a complete demo. After a killed start, the next start clears the incomplete data. Of two processes that
 * start together, one fills the database and the other waits.
 */
export async function fillDemo(
  services: Services,
  owner: DatabaseOptions,
  onStep: (step: string) => void = () => {},
): Promise<void> {
  const db = services.db.aside();
  if (await isDemo(db, demoClientId)) return;
  await oneAtATime(owner, async () => {
    if (!(await isDemo(db, demoClientId))) await fill(services, owner, onStep);
  });
}

async function fill(services: Services, owner: DatabaseOptions, onStep: (step: string) => void): Promise<void> {
  const db = services.db.aside();
  if (await anyClientBut(db, [twoEntitiesClientId, readOnlyClientId])) {
    throw new DemoError(
      'The embedded database has clients but no demo data. Nothing was changed. Set DATA_DIR to another folder.',
    );
  }
  onStep('Filling in the demo data, once');
  await emptyDatabase(owner);
  const [first] = demoEntities;
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
  // In parallel, since each entity has its own numbers. Both must end before a failure is thrown.
  const filled = await Promise.allSettled(demoEntities.map((entity) => fillEntity(services, entity)));
  const works = filled.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  // One after another, since each entity would also work on the other's runs. A failed part of a run takes more numbers
  // with two workers than with one.
  for (const [at, { settle }] of demoEntities.entries()) await settle(works[at]);
  await client(demoClientId, 'Demo', [all[0]]);
}

async function fillEntity(services: Services, { name, settings, orgs }: DemoEntity): Promise<Work> {
  const { caller, orgIds } = await callerIn(services, name);
  const work = new Work(services, caller);
  await updateBillingSettings(work, settings);
  for (const org of orgs) await fillOrg(work, orgIds.get(org.name)!, org.accounts);
  return work;
}

async function callerIn(
  services: Services,
  entityName: string,
): Promise<{ caller: Caller; orgIds: Map<string, string> }> {
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
    orgIds: new Map(entity.orgs.map(({ id, name }) => [name, id])),
  };
}
