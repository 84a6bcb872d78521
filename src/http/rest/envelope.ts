import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { RequestError, requestErrorCodes, type UserError, userErrorCodes } from '../../domain/errors';
import type { Failure } from '../failure';

/**
 * The published error envelope. A code is six digits of resource and two of category. Zuora's list of resources is not
 * public, and names none for fulfillments. 580000 is ours, inside the published range. Calls without a body use 500000.
 */
export const fulfillmentResource = 580000;
const bodylessResource = 500000;

export interface Reason {
  category: number;
  message: string;
}

interface Envelope {
  success: false;
  processId: string;
  requestId: string;
  reasons: { code: number; message: string }[];
}

/** A refusal in the published form. */
export function refusal(request: Pick<FastifyRequest, 'id' | 'method'>, reasons: readonly Reason[]): Envelope {
  const resource = request.method === 'POST' || request.method === 'PUT' ? fulfillmentResource : bodylessResource;
  return {
    success: false,
    processId: randomBytes(8).toString('hex'),
    requestId: request.id,
    reasons: reasons.map(({ category, message }) => ({ code: resource * 100 + category, message })),
  };
}

export const envelope = (request: Pick<FastifyRequest, 'id' | 'method'>, { code, message }: Failure): Envelope =>
  refusal(request, [{ category: requestErrorCodes[code].category, message }]);

/**
 * A user error as a reason: the path, then the message. REST bodies have no `input`; `list` is their name for a bare
 * list of the graph. A key or id is part of the request's path, and is left out.
 */
export function reasonOf({ code, message, path }: UserError, list?: string): Reason {
  const [first, ...inner] = path;
  const where =
    first === 'input' ? [...(list ? [list] : []), ...inner] : first === 'key' || first === 'id' ? inner : path;
  return {
    category: userErrorCodes[code].category,
    message: where.length ? `${pathText(where)}: ${message}` : message,
  };
}

/** A parameter in the address is unknown, or has a value that it does not take. `problem`: what is wrong, and what is allowed. */
export const parameterError = (parameter: string, problem: string): RequestError =>
  new RequestError('BAD_PARAMETER', [parameter, problem].join(': '));

export const pathText = (path: readonly (string | number)[]): string =>
  path.map((part, at) => (/^\d+$/.test(String(part)) ? `[${part}]` : at ? `.${part}` : part)).join('');
