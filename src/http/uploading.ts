import type { FastifyRequest } from 'fastify';

/**
 * Connections whose request is a stream without an end in sight. Two time limits do not hold for them: that of a request to
 * arrive, and that of a client to read. Many HTTP clients read no byte of a reply before their request is sent. The route of the
 * stream ends a client that sends nothing.
 */
export const uploading = new WeakSet<FastifyRequest['raw']['socket']>();
