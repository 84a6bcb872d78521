import fc from 'fast-check';
import { TooManyWaiting, Turns } from '../../src/domain/turns';

/** Lets everything that can go on do so. */
const settle = async () => {
  for (let at = 0; at < 20; at++) await Promise.resolve();
};

/** Who has got a turn, in order, and what gives it back. */
class Watched {
  readonly order: string[] = [];
  readonly giveBack: (() => void)[] = [];

  constructor(readonly turns: Turns) {}

  ask(client: string, weight = 1): void {
    void this.turns.take(client, weight).then((back) => {
      this.order.push(client);
      this.giveBack.push(back);
    });
  }
}

describe('turns', () => {
  test('one client alone gets half, the next half of the rest, and a client that holds nothing gets what is left', async () => {
    const turns = new Turns(10);
    const watched = new Watched(turns);
    for (const client of ['a', 'b', 'c', 'd']) for (let at = 0; at < 10; at++) watched.ask(client);
    await settle();
    expect(['a', 'b', 'c', 'd'].map((client) => turns.heldBy(client))).toEqual([5, 3, 1, 1]);
    expect(turns.inUse).toBe(10);
    expect(turns.waiting).toBe(30);
  });

  test('clients take turns, not requests', async () => {
    const turns = new Turns(2);
    const watched = new Watched(turns);
    for (let at = 0; at < 100; at++) watched.ask('greedy');
    watched.ask('quiet');
    await settle();
    // What is left beside the one of the greedy client is the quiet one's at once.
    expect(watched.order).toEqual(['greedy', 'quiet']);
    watched.ask('quiet');
    watched.ask('other');
    for (let at = 0; at < 4; at++) {
      watched.giveBack.shift()!();
      await settle();
    }
    expect(watched.order).toEqual(['greedy', 'quiet', 'greedy', 'quiet', 'other', 'greedy']);
  });

  test('what is given back twice counts once', async () => {
    const turns = new Turns(2);
    const back = await turns.take('a');
    back();
    back();
    expect(turns.inUse).toBe(0);
  });

  test('a weight over half the capacity counts as half, and runs', async () => {
    const turns = new Turns(100);
    const back = await turns.take('a', 1_000_000);
    expect(turns.inUse).toBe(50);
    back();
    expect(turns.inUse).toBe(0);
    const alone = await new Turns(1).take('a', 5);
    expect(alone).toBeInstanceOf(Function);
  });

  test('a client that has as many waiting as it may is refused, others are not', async () => {
    const turns = new Turns(2, 3);
    const watched = new Watched(turns);
    for (let at = 0; at < 4; at++) watched.ask('a');
    await settle();
    await expect(turns.take('a')).rejects.toThrow(TooManyWaiting);
    await expect(turns.take('b')).resolves.toBeInstanceOf(Function);
  });

  test('a heavy request is passed by light ones some times, and not for ever', async () => {
    const turns = new Turns(10);
    const watched = new Watched(turns);
    watched.ask('light', 3);
    watched.ask('light', 2);
    watched.ask('other', 2);
    await settle();
    watched.ask('heavy', 5);
    for (let at = 0; at < 60; at++) watched.ask(`light ${at}`, 3);
    await settle();
    for (let at = 0; at < 60 && !watched.order.includes('heavy'); at++) {
      watched.giveBack.shift()!();
      await settle();
    }
    expect(watched.order).toContain('heavy');
    expect(watched.order.indexOf('heavy')).toBeLessThanOrEqual(3 + 16 + 1);
  });

  test('whatever is asked and given back, no more is held than there is, and everybody gets a turn', async () => {
    const asks = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: 1, max: 12 })), {
      minLength: 1,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(asks, fc.infiniteStream(fc.nat()), async (asked, picks) => {
        const turns = new Turns(10);
        const watched = new Watched(turns);
        for (const [client, weight] of asked) watched.ask(client, weight);
        for (let at = 0; at < 1_000 && watched.order.length < asked.length; at++) {
          await settle();
          expect(turns.inUse).toBeLessThanOrEqual(10);
          const { giveBack } = watched;
          if (giveBack.length) giveBack.splice((picks.next().value as number) % giveBack.length, 1)[0]();
        }
        await settle();
        expect(watched.order.length).toBe(asked.length);
        for (const back of watched.giveBack) back();
        expect(turns.inUse).toBe(0);
        expect(turns.waiting).toBe(0);
      }),
    );
  });
});
