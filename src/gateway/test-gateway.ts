import type { Authorization } from '../domain/payment';
import type { TestGatewayLedger } from '../store/test-gateway';
import {
  type AttemptKey,
  type AuthorizationRequest,
  GatewayFailure,
  type PaymentGateway,
  type RefundRequest,
} from './port';

/** The payment methods that the test gateway knows. */
const testTokens: Record<string, string> = {
  tok_ok: 'Test card that always pays',
  tok_declined: 'Test card that is always declined',
  tok_error: 'Test card whose gateway fails after it may have charged',
  tok_timeout: 'Test card whose gateway never answers',
};

const labelOf = (token: string): string | undefined =>
  Object.hasOwn(testTokens, token) ? testTokens[token] : undefined;

/**
 * A payment gateway for tests and demos. Like an outside gateway, it remembers charges that our side has forgotten: our
 * rollbacks do not touch its ledger.
 */
export class TestGateway implements PaymentGateway {
  readonly provider = 'test';

  constructor(private readonly ledger: TestGatewayLedger) {}

  /** Each entity has an account of its own here. */
  accountOf(entityId: string): string {
    return entityId;
  }

  judge() {
    return [];
  }

  async authorize({ id: key, token, amount, currency }: AuthorizationRequest): Promise<Authorization> {
    const status = token === 'tok_declined' || !labelOf(token) ? 'Declined' : 'Authorized';
    const charge = await this.ledger.record({ key, token, amount, currency, status });
    if (token === 'tok_error') throw new GatewayFailure('the gateway failed');
    // Without a timer, so that the process can end without this answer.
    if (token === 'tok_timeout') return new Promise(() => {});
    return charge.status === 'Authorized' || charge.status === 'Captured'
      ? { approved: true }
      : { approved: false, reason: charge.status === 'Declined' ? 'card declined' : 'payment voided before' };
  }

  async capture({ id: key }: AttemptKey): Promise<boolean> {
    const status = await this.ledger.move(key, 'Authorized', 'Captured');
    return status === 'Captured' || status === 'Refunded';
  }

  async void({ id: key }: AttemptKey): Promise<boolean> {
    // An unknown key is stored as Voided, so that a request still under way finds it voided.
    await this.ledger.record({ key, token: '', amount: '0', currency: '', status: 'Voided' });
    const status = await this.ledger.move(key, 'Authorized', 'Voided');
    return status === 'Voided' || status === 'Declined';
  }

  refund({ id: key }: AttemptKey, { id: refundKey, amount }: RefundRequest): Promise<boolean> {
    return this.ledger.refund(key, refundKey, amount);
  }

  find({ id: key }: AttemptKey) {
    return this.ledger.find(key);
  }

  describe(token: string) {
    const label = labelOf(token);
    return label === undefined ? undefined : { type: 'Test', label };
  }
}
