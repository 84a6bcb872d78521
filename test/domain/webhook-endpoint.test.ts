import { eventTypes } from '../../src/domain/history';
import { judgeEndpoint, mostEventTypes, pauseAfter, retryPauses, wantedTypes } from '../../src/domain/webhook-endpoint';

const second = 1_000;
const hour = 3_600 * second;

describe('the pauses behind failed attempts', () => {
  test('begin within 10 seconds, grow, and span three days', () => {
    expect(pauseAfter(1, undefined, 0.999)!).toBeLessThan(10 * second - 2 * second);
    for (const [at, pause] of retryPauses.entries()) if (at) expect(pause).toBeGreaterThan(retryPauses[at - 1]);
    const sum = (random: number) => retryPauses.reduce((all, _, at) => all + pauseAfter(at + 1, undefined, random)!, 0);
    expect(sum(0)).toBeGreaterThan(72 * hour);
    expect(sum(0.999)).toBeLessThan(90 * hour);
  });

  test('end: the delivery is given up', () => {
    expect(pauseAfter(retryPauses.length, undefined, 0)).toBe(retryPauses.at(-1));
    expect(pauseAfter(retryPauses.length + 1, undefined, 0)).toBeNull();
    expect(pauseAfter(retryPauses.length + 1, hour, 0)).toBeNull();
  });

  test('are lengthened as the endpoint asks, up to an hour, and never shortened', () => {
    expect(pauseAfter(1, 60 * second, 0)).toBe(60 * second);
    expect(pauseAfter(1, 1000 * hour, 0)).toBe(hour);
    expect(pauseAfter(1, 1, 0)).toBe(5 * second);
    expect(pauseAfter(10, 60 * second, 0)).toBe(24 * hour);
  });
});

describe('the types of events', () => {
  test('are all, or those named, or all of a noun', () => {
    expect(wantedTypes(null)).toBeNull();
    expect(wantedTypes(['Fulfillment.Book'])).toEqual(['Fulfillment.Book']);
    const both = wantedTypes(['Invoice.', 'Invoice.Post', 'Order.Create'])!;
    expect(both).toEqual(eventTypes.filter((type) => type.startsWith('Invoice.') || type === 'Order.Create'));
    expect(both).not.toContain('InvoiceItem.Create');
  });

  test('are refused at their place if there is none of the name', () => {
    const wrong = [
      'Fulfillment',
      'fulfillment.',
      'Fulfillment.Bo',
      '.',
      '',
      'Fulfillment.*',
      'Webhook.Test',
      'Nothing.',
    ];
    const errors = judgeEndpoint({ eventTypes: ['Fulfillment.', ...wrong, 'Order.Create'] });
    expect(errors.map(({ code, path }) => [code, path])).toEqual(
      wrong.map((_, at) => ['INVALID_VALUE', ['eventTypes', String(at + 1)]]),
    );
    expect(errors[0].message).toContain('Fulfillment.Book');
    expect(errors[0].message).toMatch(
      /The nouns are Account, .*, WebhookEndpoint, Client\. The acts are Create, .*, Dispute\.$/,
    );
    expect(judgeEndpoint({ eventTypes: [] })).toMatchObject([{ code: 'INVALID_VALUE', path: ['eventTypes'] }]);
    const many = Array(mostEventTypes + 1).fill('Fulfillment.');
    expect(judgeEndpoint({ eventTypes: many })).toMatchObject([{ code: 'INVALID_VALUE', path: ['eventTypes'] }]);
    expect(judgeEndpoint({ eventTypes: null, description: null })).toEqual([]);
    expect(judgeEndpoint({ description: 'x'.repeat(501) })).toMatchObject([{ path: ['description'] }]);
  });
});
