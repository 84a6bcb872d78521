import {
  type ChargeBooks,
  differenceOf,
  type ProviderCharge,
  reconciled,
  unknownCharge,
} from '../../src/domain/reconciliation';

const charge = (more: Partial<ProviderCharge> = {}): ProviderCharge => ({
  ...{ id: 'ch', createdDate: '2026-01-01T00:00:00.000Z', status: 'Captured', amount: '10', currency: 'USD' },
  ...{ refunds: [], dispute: null },
  ...more,
});
const none = { disputeStatus: null, disputeAmount: null, disputeWithdrawn: false };
const payment = { status: 'Processed', amount: '10', refundAmount: '0', ...none } as const;
const books = (more: Partial<ChargeBooks> = {}): ChargeBooks => ({
  ...{ attempt: { id: 'a', status: 'Captured', amount: '10', currency: 'USD' }, payment, refunds: [] },
  ...more,
});
const attempt = (status: ChargeBooks['attempt']['status']) => ({ ...books().attempt, status });
const kinds = (theirs: ProviderCharge, ours: ChargeBooks) => {
  const { steps, differences } = reconciled(theirs, ours);
  return [steps.map(({ kind }) => kind), differences.map(({ kind }) => kind)];
};
const refund = (id: string, amount: string, more: object = {}) => ({ id, ours: null, amount, failed: false, ...more });
const agreed = [[], []];

test.each<[ChargeBooks['attempt']['status'], ProviderCharge['status'], boolean]>([
  ['Captured', 'Captured', true],
  ['Captured', 'Refunded', true],
  ['Captured', 'Authorized', false],
  ['Captured', 'Voided', false],
  ['Captured', 'Declined', false],
  ['Captured', 'Pending', false],
  ['Failed', 'Voided', true],
  ['Failed', 'Captured', false],
  ['Declined', 'Declined', true],
  ['Declined', 'Pending', true],
  ['Declined', 'Authorized', false],
  ['Voided', 'Voided', true],
  ['Voided', 'Refunded', true],
  ['Voided', 'Captured', false],
  ['Open', 'Captured', true],
  ['Open', 'Authorized', true],
])('an attempt that is %s and a charge that is %s agree: %s', (ours, theirs, agree) => {
  const given = books({ attempt: attempt(ours), ...(ours !== 'Captured' && { payment: null }) });
  expect(kinds(charge({ status: theirs }), given)).toEqual(agree ? agreed : [[], ['Status']]);
});

test('where amount or currency differ, nothing is moved', () => {
  const refunds = [refund('re', '1')];
  expect(kinds(charge({ amount: '9', refunds }), books())).toEqual([[], ['Amount']]);
  expect(kinds(charge({ currency: 'EUR', refunds }), books())).toEqual([[], ['Currency']]);
  expect(kinds(charge({ amount: '10.00' }), books())).toEqual(agreed);
});

test('refunds are placed while the payment has the money, and are listed beyond that', () => {
  const refunds = [refund('re_1', '6'), refund('re_2', '5'), refund('re_3', '4')];
  const { steps, differences } = reconciled(charge({ refunds }), books());
  expect(steps).toEqual([refunds[0], refunds[2]].map((each) => ({ kind: 'Refund', refund: each })));
  expect(differences).toEqual([{ kind: 'UnknownRefund', objectId: 're_2', ours: null, theirs: '5' }]);
  const failed = books({ attempt: attempt('Failed'), payment: { ...payment, status: 'Error' } });
  expect(kinds(charge({ status: 'Refunded', refunds: [refunds[0]] }), failed)).toEqual([[], ['UnknownRefund']]);
});

test('a refund is known by our id or by the id of the provider, and what failed later gives the money back', () => {
  const own = { id: 'r', amount: '10', status: 'Processed', providerRefundId: null } as const;
  const hand = { ...own, id: 's', providerRefundId: 're_2' };
  const full = { ...payment, status: 'Refunded', refundAmount: '10' } as const;
  expect(
    kinds(charge({ refunds: [refund('re_1', '10', { ours: 'r' })] }), books({ payment: full, refunds: [own] })),
  ).toEqual(agreed);
  expect(kinds(charge({ refunds: [refund('re_2', '10')] }), books({ payment: full, refunds: [hand] }))).toEqual(agreed);
  // One fails, and another is made by hand in its place.
  const both = [refund('re_1', '10', { ours: 'r', failed: true }), refund('re_3', '10')];
  expect(kinds(charge({ refunds: both }), books({ payment: full, refunds: [own] }))).toEqual([
    ['FailRefund', 'Refund'],
    [],
  ]);
  expect(kinds(charge({ refunds: both }), books({ payment: full, refunds: [{ ...own, status: 'Error' }] }))).toEqual([
    [],
    ['UnknownRefund'],
  ]);
  expect(kinds(charge(), books({ payment: full, refunds: [own, hand] }))).toEqual([
    [],
    ['MissingRefund', 'MissingRefund'],
  ]);
  expect(kinds(charge(), books({ refunds: [{ ...own, status: 'Processing' }] }))).toEqual(agreed);
  const other = [refund('re_1', '9', { ours: 'r' })];
  expect(kinds(charge({ refunds: other }), books({ payment: full, refunds: [own] }))).toEqual([[], ['RefundAmount']]);
  const back = [refund('re_1', '10', { ours: 'r' })];
  expect(kinds(charge({ refunds: back }), books({ refunds: [{ ...own, status: 'Error' }] }))).toEqual([
    [],
    ['RefundStatus'],
  ]);
  // Captured without a request: refunded under the id of the attempt.
  const given = books({ attempt: attempt('Voided'), payment: null });
  expect(kinds(charge({ status: 'Refunded', refunds: [refund('re_1', '10', { ours: 'a' })] }), given)).toEqual(agreed);
  expect(kinds(charge({ refunds: [refund('re_1', '1', { ours: 'b' })] }), books())).toEqual([[], ['UnknownRefund']]);
});

test('a dispute is a step where there is a payment, and a difference where there is none', () => {
  const dispute = { status: 'Lost', amount: '10', withdrawn: true } as const;
  const told = { ...payment, disputeStatus: 'Lost', disputeAmount: '10', disputeWithdrawn: true } as const;
  expect(kinds(charge({ dispute }), books())).toEqual([['Dispute'], []]);
  expect(kinds(charge({ dispute }), books({ payment: told }))).toEqual(agreed);
  expect(kinds(charge({ dispute: { ...dispute, withdrawn: false } }), books({ payment: told }))).toEqual([
    ['Dispute'],
    [],
  ]);
  expect(kinds(charge(), books({ payment: told }))).toEqual([[], ['Dispute']]);
  const lost = books({ attempt: attempt('Voided'), payment: null });
  expect(kinds(charge({ status: 'Voided', dispute }), lost)).toEqual([[], ['Dispute']]);
  expect(differenceOf({ kind: 'Dispute', dispute }, 'ch')).toMatchObject({ theirs: 'Lost 10, withdrawn' });
});

test('a charge that nobody here knows counts if it has held money', () => {
  expect(unknownCharge(charge())).toEqual([
    { kind: 'UnknownCharge', objectId: 'ch', ours: null, theirs: 'Captured 10 USD' },
  ]);
  for (const status of ['Pending', 'Declined', 'Voided'] as const)
    expect(unknownCharge(charge({ status }))).toEqual([]);
});
