import { randomBytes } from 'node:crypto';
import { below, type UserError, userError } from '../domain/errors';
import { isChanged } from '../domain/history';
import { idOf } from '../domain/key';
import { documentIdOf, isRetired } from '../domain/registered-document';
import {
  givenEndpoint,
  judgeEndpoint,
  mostEndpoints,
  rotationMs,
  type WebhookEndpointFields,
} from '../domain/webhook-endpoint';
import { wrongUrl } from '../gateway/webhook-address';
import { eventsNow } from '../store/event';
import { newId } from '../store/id';
import type { Position } from '../store/query/list';
import { findDocument } from '../store/registered-document';
import { dueFirst, holdLanes, insertDeliveries, positionNow, resend, retryNow } from '../store/webhook-delivery';
import {
  addSecret,
  deleteEndpoint,
  insertEndpoint,
  lockEndpoint,
  lockEndpointCount,
  saveEndpoint,
  type WebhookEndpointRow,
} from '../store/webhook-endpoint';
import { today } from './registered-document';
import { refuse } from './run/batch';
import type { Unit } from './run/unit';
import type { Work } from './run/work';

/** The reason why the result of a document cannot be sent along; undefined if it can. The graph layer implements it. */
export type JudgeDocument = (text: string) => string | undefined;

export interface NewWebhookEndpoint extends WebhookEndpointFields {
  url: string;
  documentId?: string | null;
}

export interface WebhookEndpointChange extends WebhookEndpointFields {
  url?: string | null;
  documentId?: string | null;
  enabled?: boolean | null;
}

/** A secret of 32 random bytes in the form of Standard Webhooks. */
const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The latest possible id. Behind it, a position has no event left. */
const lastId = 'f'.repeat(32);

/** Creates an endpoint of the caller's client. `from`: it is sent the events behind this position; absent: from now on. */
export function createWebhookEndpoint(
  work: Work,
  asked: NewWebhookEndpoint,
  judge: JudgeDocument,
  from?: Position,
): Promise<{ webhookEndpoint: WebhookEndpointRow; secret: string }> {
  const input = givenEndpoint(asked);
  return work.run(false, async (unit) => {
    const { clientId, entityId } = work.caller;
    refuse([...judgeReading(unit), ...below(['input'], await judgeFields(unit, input, judge))]);
    const count = await lockEndpointCount(unit.db, clientId);
    if (count >= mostEndpoints) {
      const message = `The client has ${count} webhook endpoints in this entity; at most ${mostEndpoints} are allowed.`;
      refuse([userError('LIMIT_EXCEEDED', message, ['input'])]);
    }
    const { horizon, epoch } = await eventsNow(unit.db.connection);
    const webhookEndpoint: WebhookEndpointRow = {
      ...{ id: newId(), entityId, clientId, url: input.url, description: input.description ?? null },
      ...{ eventTypes: input.eventTypes ? [...input.eventTypes] : null, documentId: storedId(input.documentId) },
      ...{ enabled: true, disabledReason: null, resentUntil: null },
      position: from?.value ?? String(BigInt(horizon) - 1n),
      positionId: from?.id ?? lastId,
      epoch: epoch,
      ...{ version: 1, createdDate: unit.now, updatedDate: unit.now },
    };
    const secret = newWebhookSecret();
    await insertEndpoint(unit.db, webhookEndpoint);
    await addSecret(unit.db, { id: newId(), endpointId: webhookEndpoint.id, secret }, unit.now);
    unit.note('WebhookEndpoint', 'Create', null, kept(unit, webhookEndpoint));
    return { webhookEndpoint, secret };
  });
}

/**
 * Changes an endpoint. Enabled again, or with another URL, it goes on at once: what was given up is sent first, and what waits for a
 * retry has all its attempts before it. Otherwise a single failure might disable what was repaired.
 */
export function updateWebhookEndpoint(
  work: Work,
  id: string,
  asked: WebhookEndpointChange,
  judge: JudgeDocument,
): Promise<{ webhookEndpoint: WebhookEndpointRow }> {
  const input = givenEndpoint(asked);
  return onEndpoint(work, id, async (unit, current) => {
    const missing = (['url', 'enabled'] as const).filter((field) => input[field] === null);
    const errors = missing.map((field) => userError('REQUIRED', `${field} must not be null.`, ['input', field]));
    refuse([...errors, ...below(['input'], await judgeFields(unit, input, judge))]);
    const enabled = input.enabled ?? current.enabled;
    const wanted: WebhookEndpointRow = {
      ...current,
      url: input.url ?? current.url,
      ...(input.description !== undefined && { description: input.description }),
      ...(input.eventTypes !== undefined && { eventTypes: input.eventTypes && [...input.eventTypes] }),
      ...(input.documentId !== undefined && { documentId: storedId(input.documentId) }),
      enabled,
      disabledReason: enabled ? null : (current.disabledReason ?? 'Disabled by the client.'),
    };
    if (!isChanged(kept(unit, current), kept(unit, wanted))) return { webhookEndpoint: current };
    const webhookEndpoint = { ...wanted, ...touched(unit, current) };
    await saveEndpoint(unit.db, webhookEndpoint);
    if (enabled && (!current.enabled || wanted.url !== current.url)) {
      await holdLanes(unit.db, [current.id]);
      await retryNow(unit.db, current.id);
      await resend(unit.db, current.id, null);
    }
    const action = enabled === current.enabled ? 'Update' : enabled ? 'Enable' : 'Disable';
    unit.note('WebhookEndpoint', action, kept(unit, current), kept(unit, webhookEndpoint));
    return { webhookEndpoint };
  });
}

/** Gives an endpoint a new secret. The previous secret signs too for a day. */
export function rotateWebhookSecret(
  work: Work,
  id: string,
): Promise<{ webhookEndpoint: WebhookEndpointRow; secret: string }> {
  return onEndpoint(work, id, async (unit, current) => {
    const secret = newWebhookSecret();
    const ends = new Date(Date.parse(unit.now) + rotationMs).toISOString();
    await addSecret(unit.db, { id: newId(), endpointId: current.id, secret }, ends);
    const webhookEndpoint = { ...current, ...touched(unit, current) };
    await saveEndpoint(unit.db, webhookEndpoint);
    unit.note('WebhookEndpoint', 'Rotate', kept(unit, current), kept(unit, webhookEndpoint));
    return { webhookEndpoint, secret };
  });
}

/** Deletes an endpoint with its deliveries. What is under way arrives, and nothing else. */
export function deleteWebhookEndpoint(work: Work, id: string): Promise<{ deletedId: string }> {
  return onEndpoint(work, id, async (unit, current) => {
    await holdLanes(unit.db, [current.id]);
    await deleteEndpoint(unit.db, current.id);
    unit.note('WebhookEndpoint', 'Delete', kept(unit, current), null);
    return { deletedId: current.id };
  });
}

/**
 * Sends an event of the type Webhook.Test. It is no entry of the history. It has a lane of its own: who sends a test wants to
 * know now, and the events about the endpoint may be what cannot be delivered.
 */
export function testWebhookEndpoint(work: Work, id: string): Promise<{ webhookEndpoint: WebhookEndpointRow }> {
  return onEndpoint(work, id, async (unit, webhookEndpoint) => {
    refuse(judgeReading(unit));
    const { id: endpointId } = webhookEndpoint;
    await holdLanes(unit.db, [endpointId]);
    const position = await positionNow(unit.db);
    const delivery = newId();
    const test = { id: delivery, endpointId, entryId: null, position, subjectId: delivery };
    await insertDeliveries(unit.db, [test], dueFirst);
    return { webhookEndpoint };
  });
}

/** Runs an act on an endpoint of the caller's client that is locked. @throws Refusal NOT_FOUND */
export function onEndpoint<T>(
  work: Work,
  id: string,
  act: (unit: Unit, endpoint: WebhookEndpointRow) => Promise<T>,
): Promise<T> {
  return work.run(false, async (unit) => {
    const key = idOf(id);
    const endpoint = key && (await lockEndpoint(unit.db, unit.caller.clientId, key));
    if (!endpoint) refuse([userError('NOT_FOUND', 'The client has no webhook endpoint with this id.', ['id'])]);
    return act(unit, endpoint as WebhookEndpointRow);
  });
}

/** An endpoint that cannot be delivered to at the URL where it was tried. */
export interface Failing {
  id: string;
  url: string;
  reason: string;
}

/**
 * Disables an endpoint, unless it is disabled or deleted already, or its client has given it another URL meanwhile. For the
 * workers, in the scope of the client.
 */
export async function disableEndpoint(
  unit: Unit,
  { id, url, reason }: Failing,
): Promise<'disabled' | 'already' | 'moved'> {
  const current = await lockEndpoint(unit.db, unit.caller.clientId, id);
  if (current && current.url !== url) return 'moved';
  if (!current?.enabled) return 'already';
  const disabled = { ...current, ...touched(unit, current), enabled: false, disabledReason: reason };
  await saveEndpoint(unit.db, disabled);
  unit.note('WebhookEndpoint', 'Disable', kept(unit, current), kept(unit, disabled));
  await unit.writeHistory();
  return 'disabled';
}

/** Events are read with the scope read. A client without it must not get them in another way. */
const judgeReading = ({ caller: { scopes } }: Unit): UserError[] =>
  scopes.has('read')
    ? []
    : [userError('PERMISSION_DENIED', 'Webhooks need the scope "read" too: they tell what events tell.')];

async function judgeFields(
  unit: Unit,
  { url, documentId, ...fields }: Partial<WebhookEndpointChange>,
  judge: JudgeDocument,
): Promise<UserError[]> {
  const errors = judgeEndpoint(fields);
  const wrong = url == null ? undefined : wrongUrl(url, unit.services.localWebhooks);
  if (wrong) errors.push(userError('INVALID_VALUE', wrong, ['url']));
  if (documentId == null) return errors;
  const document = documentId.includes('\0')
    ? undefined
    : await findDocument(unit.db.connection, unit.caller.clientId, documentIdOf(documentId));
  const reason = !document
    ? 'documentId must be the id of a document that is registered for the client.'
    : isRetired(document, today())
      ? 'documentId must not be the id of a document that is retired.'
      : judge(document.text);
  return reason ? [...errors, userError('INVALID_VALUE', reason, ['documentId'])] : errors;
}

const storedId = (documentId: string | null | undefined): string | null =>
  documentId == null ? null : documentIdOf(documentId);

const touched = (unit: Unit, { version, updatedDate }: WebhookEndpointRow) => ({
  version: version + 1,
  updatedDate: updatedDate > unit.now ? updatedDate : unit.now,
});

/** An endpoint as the history records it: for callers who see all orgs of the client, and without its cursor. */
const kept = (
  { caller }: Unit,
  { position: _, positionId: __, epoch: ___, resentUntil: ____, clientId: _____, ...row }: WebhookEndpointRow,
) => ({ ...row, orgIds: [...caller.orgIds] });
