import { type Case, describeCrashes, ownSteps } from '../support/payment-crash';

const charge = 'test_gateway.charge';
const steps = {
  ...ownSteps,
  'while the gateway authorizes': {
    trigger: `before insert on ${charge} for each row when (new.status in ('Authorized', 'Declined'))`,
  },
  'while the gateway captures': {
    trigger: `before update on ${charge} for each row when (new.status = 'Captured' and old.status = 'Authorized')`,
    behindReply: true,
  },
  'while the gateway gives up': {
    trigger: `before insert on ${charge} for each row when (new.status = 'Voided')`,
    behindReply: true,
  },
  'while the gateway pays back': { trigger: 'before insert on test_gateway.refund', behindReply: true },
} as const;
type Name = keyof typeof steps;
const at = (token: string, ...gates: (Name | null)[]): Case[] => gates.map((gate) => ({ token, gate }));

describeCrashes({
  steps,
  collecting: [
    ...at('tok_ok', 'before its attempt is written', 'while the gateway authorizes', 'before its payment is written'),
    ...at('tok_ok', 'before its history is written', 'while it commits', 'while the gateway captures'),
    ...at('tok_ok', 'when it has captured and not said so', 'while it commits that it has captured'),
    ...at('tok_declined', 'while the gateway authorizes', 'before it writes that it was declined'),
    ...['tok_error', 'tok_timeout'].flatMap((token) =>
      at(
        token,
        ...([
          'while the gateway authorizes',
          'while the gateway gives up',
          'when it was given up and not said so',
        ] as const),
      ),
    ),
    ...at('tok_timeout', null),
  ],
  refunding: [
    ...at('tok_ok', 'before its refund is written', 'while it commits its refund', 'while the gateway pays back'),
    ...at('tok_ok', 'when it was paid back and not said so', 'while it commits that it was paid back'),
  ],
  outcomes: {
    tok_ok: 'paid',
    tok_declined: 'PAYMENT_DECLINED',
    tok_error: 'PAYMENT_FAILED',
    tok_timeout: 'PAYMENT_FAILED',
  },
});
