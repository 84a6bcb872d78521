import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Scope } from '../../src/domain/caller';

/* The operations of examples/board, as its Code Generator has written them. */

/** The manifest, which a build takes along. */
export const boardManifest = readFileSync(
  path.resolve('examples/board/page/generated/persisted-documents.json'),
  'utf8',
);

/** The texts of the operations, by name. */
export const boardOperations = new Map(
  Object.values<string>(JSON.parse(boardManifest)).map((text) => [
    /\b(?:query|mutation|subscription) (\w+)/.exec(text)![1],
    text,
  ]),
);

/** The scopes that an operation needs, as the board's README states them: `read`, and for mutations those below. */
export const boardScopes: Record<string, Scope[]> = {
  ...{ Book: ['fulfill'], Cancel: ['fulfill'], Complete: ['fulfill'], SendToBilling: ['fulfill'] },
  ...{ Create: ['fulfill'], Edit: ['fulfill'], TakeBack: ['order'], Collect: ['pay'], PostInvoice: ['bill'] },
  ...{ StartRun: ['bill'], PostRun: ['bill'], CancelRun: ['bill'] },
  ...{ AddEndpoint: ['webhook'], SwitchEndpoint: ['webhook'], TestEndpoint: ['webhook'] },
  ...{ RemoveEndpoint: ['webhook'], Redeliver: ['webhook'] },
};
