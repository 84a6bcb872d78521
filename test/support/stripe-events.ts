import Stripe from 'stripe';

/*
 * Events as Stripe sends them: signed over their bytes, with the object as it was when the event was made.
 */

/** The secret that the stand-in signs with. */
export const eventSecret = 'whsec_standin0001secret';

let made = 0;

export interface SentEvent {
  payload: string;
  headers: Record<string, string>;
}

/** An event of a type about an object. `at`: seconds of the signature; now unless told otherwise. */
export function signedEvent(
  type: string,
  object: object,
  { secret = eventSecret, at, id = `evt_${++made}` }: { secret?: string; at?: number; id?: string } = {},
): SentEvent {
  return signed(JSON.stringify({ id, object: 'event', type, data: { object } }), { secret, at });
}

/** A body of any form, signed. */
export function signed(
  payload: string,
  { secret = eventSecret, at }: { secret?: string; at?: number } = {},
): SentEvent {
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: at as number });
  return { payload, headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature } };
}
