import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';

// Prints what Redocly's linter says about each document of a list, with all recommended rules as errors. A process of its own, because
// the package has ES modules only.
const config = await createConfig({ extends: ['recommended-strict'] });
const found = [];
for (const document of JSON.parse(await text(process.stdin))) {
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  found.push(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0].pointer}`));
}
process.stdout.write(JSON.stringify(found));
