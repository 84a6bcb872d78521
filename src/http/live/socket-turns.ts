/** What a message is about; empty if it is none of the protocol, which graphql-ws finds out. */
function subjectOf(text: string): { type?: unknown; id?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/**
 * Handles the messages of a connection in their order. When a client ends a subscription, graphql-ws needs a moment to forget the
 * id. A subscription with the same id that began in that moment would be told to be complete. So the next message waits.
 */
export function inTurn(
  socket: { pause(): void; resume(): void },
  handle: (text: string) => Promise<void>,
): (text: string) => void {
  const running = new Map<unknown, Promise<void>>();
  let waiting = 0;
  let ready = Promise.resolve();
  const take = async (text: string): Promise<void> => {
    const { type, id } = subjectOf(text);
    const handled = handle(text);
    if (type === 'subscribe' && !running.has(id)) {
      running.set(id, handled);
      void handled.then(() => running.delete(id));
    }
    if (type !== 'complete') return;
    // What is still to come is not kept here.
    socket.pause();
    await Promise.all([handled, running.get(id)]);
    socket.resume();
  };
  return (text) => {
    waiting++;
    const taken = waiting === 1 ? take(text) : ready.then(() => take(text));
    ready = taken.then(() => {
      waiting--;
    });
  };
}
