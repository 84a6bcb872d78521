import type { TestDatabase } from './database';

/** An endpoint with a secret and a delivery, of a client in an entity. */
export async function insertWebhook({ owner }: TestDatabase, entityId: string, clientId: string): Promise<void> {
  await owner(
    `with endpoint as (insert into webhook_endpoint (entity_id, id, client_id, url, enabled, position, position_id, epoch, version, created_date, updated_date)
       values ($1, gen_random_uuid(), $2, 'https://example.com/', true, 0, gen_random_uuid(), 1, 1, now(), now()) returning entity_id, id),
     secret as (insert into webhook_secret (entity_id, id, endpoint_id, secret)
       select entity_id, gen_random_uuid(), id, 'whsec_' from endpoint)
     insert into webhook_delivery (entity_id, id, endpoint_id, position, subject_id, status, attempts, created_date)
     select entity_id, gen_random_uuid(), id, 1, id, 'Pending', 0, now() from endpoint`,
    [entityId, clientId],
  );
}
