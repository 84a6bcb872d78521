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

  test('a request that is aborted while it waits gives up its place, and the others do not', async () => {
    const turns = new Turns(2, 2);
    const watched = new Watched(turns);
    watched.ask('a');
    watched.ask('b');
    const ends = new AbortController();
    const given = turns.take('a', 1, ends.signal);
    watched.ask('a');
    await settle();
    expect([turns.waiting, turns.waitingOf('a')]).toEqual([2, 2]);
    ends.abort(new Error('the time is up'));
    await expect(given).rejects.toThrow('the time is up');
    expect([turns.waiting, turns.waitingOf('a')]).toEqual([1, 1]);
    await expect(turns.take('a', 1, ends.signal)).rejects.toThrow('the time is up');
    for (let at = 0; at < 3; at++) {
      watched.giveBack.shift()!();
      await settle();
    }
    expect([watched.order, turns.inUse, turns.waiting]).toEqual([['a', 'b', 'a'], 0, 0]);
  });

  test('an abort lets those go on that waited behind it', async () => {
    const turns = new Turns(10);
    const watched = new Watched(turns);
    watched.ask('a', 3);
    watched.ask('b', 3);
    const ends = new AbortController();
    const given = turns.take('heavy', 5, ends.signal);
    for (let at = 0; at < 20; at++) {
      watched.ask(`light ${at}`, 2);
      await settle();
      if (at < 16) watched.giveBack.pop()!();
    }
    await settle();
    // It has been passed as often as it may.
    expect(turns.inUse).toBeLessThanOrEqual(8);
    const before = watched.order.length;
    ends.abort();
    await expect(given).rejects.toThrow();
    await settle();
    expect(watched.order.length).toBeGreaterThan(before);
  });

  test('an abort that comes after its turn changes nothing', async () => {
    const turns = new Turns(1);
    const ends = new AbortController();
    const first = await turns.take('a');
    const second = turns.take('b', 1, ends.signal);
    first();
    const back = await second;
    ends.abort();
    expect(turns.inUse).toBe(1);
    back();
    expect(turns.inUse).toBe(0);
  });

  test('all that wait can be refused at once, and what is held stays', async () => {
    const turns = new Turns(2);
    const watched = new Watched(turns);
    watched.ask('a');
    watched.ask('b');
    const waiting = ['a', 'b', 'c'].map((client) => turns.take(client));
    const refused = Promise.allSettled(waiting);
    await settle();
    turns.refuseWaiting(new Error('it is away'));
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect([turns.inUse, turns.waiting]).toEqual([2, 0]);
    for (const back of watched.giveBack) back();
    await expect(turns.take('c')).resolves.toBeInstanceOf(Function);
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
