import Sequencer from '@jest/test-sequencer';

type Test = Parameters<Sequencer['sort']>[0][number];

/**
 * The files that take longest, longest first. Jest knows that of a machine that has run them before. On a fresh one
 * it begins with the largest files, and the long ones are short: the last walks and sequences ran alone on one worker.
 */
export const longest = [
  'docs',
  'graph/read/plan/both-ways',
  'http/unsent',
  'http/live/twins',
  'graph/filters',
  'store/connection/replicas',
  'model/model',
  'http/rest/import',
  'http/injection',
  'command/documents',
  'graph/transitions',
  'http/time-limit',
  'http/payment-share',
  'demo-numbers',
  'graph/order-line-item-transitions',
  'clients/partner-erp',
  'http/live/shared-subscriptions',
  'http/live/follow',
  'graph/playground-operations',
  'http/scope',
  'http/live/webhook-events',
  'http/shared-limits',
  'http/live/events',
  'store/embedded/embedded',
  'clients/frontend',
];

const place = ({ path }: Test): number => {
  const at = longest.findIndex((name) => path.endsWith(`/test/${name}.test.js`));
  return at < 0 ? longest.length : at;
};

/** Jest's own order, but the longest files first. */
export default class LongestFirst extends Sequencer {
  override async sort(tests: Test[]): Promise<Test[]> {
    const sorted = await super.sort(tests);
    return sorted.sort((a, b) => place(a) - place(b));
  }
}
