import { testGateway } from '../support/gateway';
import { walks } from './walk';

/* The seed of the first walk and the time for all; `npm run test:model` sets others. */
const first = Number(process.env.MODEL_SEED ?? 1);
const seconds = Number(process.env.MODEL_MINUTES ?? 2 / 3) * 60;

test(
  `the services do what the model says, to the cent and after every step (seeds from ${first} on)`,
  async () => {
    const gateway = await testGateway();
    try {
      const { found, ...walked } = await walks(gateway, first, seconds);
      console.log(`${walked.walks} walks of ${walked.steps} steps, seeds from ${first} on`);
      if (!found) return;
      const again = `again: npm run test:model -- --seed ${found.seed}`;
      throw new Error(
        [`seed ${found.seed}, after ${found.seconds} s; ${again}`, ...found.steps, found.disagreement].join('\n'),
      );
    } finally {
      await gateway.close();
    }
  },
  seconds * 1000 + 90_000,
);
