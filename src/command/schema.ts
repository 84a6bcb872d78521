import { writeFileSync } from 'node:fs';
import { schemaText } from '../graph/schema';

/** `npm run schema`: writes schema.graphql anew from the code. A test fails where the two differ. */
writeFileSync('schema.graphql', schemaText());
