/**
 * Names under which Stripe keeps our ids with its objects. The prefix tells them from names of the shop's own: a shop may well
 * keep an `account` with its customers.
 */
export const names = {
  attempt: 'gateway_attempt',
  entity: 'gateway_entity',
  account: 'gateway_account',
  refund: 'gateway_refund',
} as const;
