import { type UserError, userError } from './errors';
import { eventTypes, historySubjects, whyNoEventType } from './history';
import { checkTexts, withoutEmptyTexts } from './text';

/**
 * Webhooks: events that are sent to an endpoint of a client. Source: Standard Webhooks,
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

/** The most endpoints of one client in one entity. */
export const mostEndpoints = 50;
/** The most requests that one process has under way to one endpoint. */
export const mostInFlight = 8;
/** The most entries of `eventTypes`. All nouns together are fewer. */
export const mostEventTypes = 100;

export const longestUrl = 2_000;
const longestDescription = 500;

export const webhookDeliveryStatuses = ['Pending', 'Delivered', 'Failed'] as const;
export type WebhookDeliveryStatus = (typeof webhookDeliveryStatuses)[number];

/** The type of the event that testWebhookEndpoint sends. It is no entry of the history. */
export const testEvent = { subjectType: 'Webhook', action: 'Test' } as const;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/**
 * The pauses behind each failed attempt, in milliseconds: 72.7 hours together. An outage of a weekend is bridged. After the
 * attempt behind the last pause the delivery is given up.
 */
export const retryPauses = [
  ...[5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute],
  ...[1 * hour, 3 * hour, 6 * hour, 12 * hour, 24 * hour, 26 * hour],
] as const;

/** The longest pause that an endpoint may ask for by Retry-After. */
const longestAsked = hour;
/** A pause is lengthened by up to this part of it, so that an endpoint is not asked for everything at one moment. */
const jitter = 0.2;

/**
 * Milliseconds until the next attempt after this many failed attempts; null if the delivery is given up. `asked` is the
 * Retry-After of the endpoint: it lengthens the pause up to an hour. `random` is at least 0 and below 1.
 */
export function pauseAfter(attempts: number, asked: number | undefined, random: number): number | null {
  const pause = retryPauses[attempts - 1];
  if (pause === undefined) return null;
  return Math.max(pause * (1 + jitter * random), Math.min(asked ?? 0, longestAsked));
}

/** How long a secret that was replaced still signs, in milliseconds: a day. */
export const rotationMs = 24 * hour;

/** Delivered deliveries are deleted after this many days. The events stay in the history. */
export const keptDays = 30;

const nouns = historySubjects.map((subject) => `${subject}.`);

/** The event types that an endpoint is sent; null for all. */
export function wantedTypes(wanted: readonly string[] | null): readonly string[] | null {
  if (wanted === null) return null;
  return eventTypes.filter((type) =>
    wanted.some((each) => (each.endsWith('.') ? type.startsWith(each) : each === type)),
  );
}

export interface WebhookEndpointFields {
  description?: string | null;
  eventTypes?: readonly string[] | null;
}

/** The fields of an endpoint without empty texts. */
export const givenEndpoint = <I extends WebhookEndpointFields>(input: I): I =>
  withoutEmptyTexts(input, ['description']);

/** Judges the fields of an endpoint that follow from the request alone. The URL is judged by gateway/webhook-address.ts. */
export function judgeEndpoint({ description, eventTypes: wanted }: WebhookEndpointFields): UserError[] {
  const errors = checkTexts({ description }, { description: longestDescription });
  if (wanted == null) return errors;
  if (wanted.length === 0 || wanted.length > mostEventTypes) {
    const message = `eventTypes has ${wanted.length} entries; 1 to ${mostEventTypes} are allowed, or null for all events.`;
    return [...errors, userError('INVALID_VALUE', message, ['eventTypes'])];
  }
  for (const [at, type] of wanted.entries()) {
    const problem = nouns.includes(type) ? undefined : whyNoEventType(type, 'a noun with a dot for all of its types');
    if (problem) errors.push(userError('INVALID_VALUE', problem, ['eventTypes', at]));
  }
  return errors;
}
