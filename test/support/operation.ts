import { standardLimits } from '../../src/domain/limits';
import { schema } from '../../src/graph/build/schema';
import { DocumentLimits } from '../../src/graph/guard/limits';
import { type Operation, prepare, type Variables } from '../../src/graph/guard/operation';
import { readDocument } from '../../src/graph/guard/parsed-document';

const limits = new DocumentLimits(standardLimits, true);

/** An operation as a request for it would have it run. The hash is the text itself: it tells documents apart as well. */
export const operationOf = (text: string, variables?: Variables, operationName?: string): Operation =>
  prepare({ document: readDocument(schema(), text, limits), hash: text }, operationName, variables);
