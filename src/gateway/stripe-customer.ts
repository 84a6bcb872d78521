import type Stripe from 'stripe';
import type { Authorization } from '../domain/payment';
import type { StripeLedger } from '../store/stripe';
import type { AuthorizationRequest } from './port';
import { isMissing } from './stripe-error';
import { names } from './stripe-metadata';

const refused = (reason: string): Authorization => ({ approved: false, reason });

const idOf = (value: string | { id: string } | null | undefined): string | undefined =>
  value === null || typeof value !== 'object' ? (value ?? undefined) : value.id;

/**
 * The customer to charge with a payment method, or why it cannot be charged. Stripe charges a method again only if it is
 * attached to a customer. A method that has a customer keeps it. Any other is attached to the customer of the account,
 * which is made once. Each step may be repeated: after a crash the same customer is found.
 */
export async function customerFor(
  stripe: Stripe,
  ledger: StripeLedger,
  { entityId, accountId, token }: AuthorizationRequest,
): Promise<{ customerId: string } | { refusal: Authorization }> {
  const foreign = { refusal: refused('the payment method belongs to another account') };
  const known = await ledger.method(entityId, token);
  if (known) return known.accountId === accountId ? known : foreign;

  const method = await stripe.paymentMethods.retrieve(token, { expand: ['customer'] }).catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (!method) return { refusal: refused('the payment provider does not know this payment method') };
  // Other types cannot be reserved first and captured later.
  if (method.type !== 'card')
    return { refusal: refused(`a payment method of the type ${method.type} cannot be reserved; only cards can`) };

  const { customer } = method;
  const owner =
    customer && typeof customer === 'object' && !customer.deleted ? customer.metadata[names.account] : undefined;
  if (owner !== undefined && owner !== accountId) return foreign;
  const customerId = idOf(customer) ?? (await attached(stripe, ledger, { entityId, accountId, token }));
  const kept = await ledger.keepMethod(entityId, token, { accountId, customerId });
  return kept.accountId === accountId ? kept : foreign;
}

/** Attaches a payment method to the customer of its account. Returns the customer. */
async function attached(
  stripe: Stripe,
  ledger: StripeLedger,
  { entityId, accountId, token }: Pick<AuthorizationRequest, 'entityId' | 'accountId' | 'token'>,
): Promise<string> {
  const attach = async (customer: string) => {
    await stripe.paymentMethods.attach(token, { customer });
    return customer;
  };
  // The key keeps two charges at once from making two customers.
  const make = async (before: string) => {
    const metadata = { [names.entity]: entityId, [names.account]: accountId };
    return (await stripe.customers.create({ metadata }, { idempotencyKey: `${accountId}:customer${before}` })).id;
  };
  const known = await ledger.customerOf(entityId, accountId);
  if (!known) return attach(await make(''));
  return attach(known).catch(async (error) => {
    // The shop has deleted the customer at Stripe. Its payment methods are gone with it, but not the account's new one.
    if (!isMissing(error, 'customer')) throw error;
    return attach(await make(`:${known}`));
  });
}
