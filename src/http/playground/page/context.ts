import { createContext, useContext } from 'react';
import type { Identity } from './identity';
import type { Reply } from './reply';

/** What the parts of the page share: who is signed in, and the last reply. */
export interface Shared {
  identity?: Identity;
  reply?: Reply;
  /** Numbers of the fulfillments that were created last, for the tour. */
  created: string[];
}

export const SharedContext = createContext<Shared>({ created: [] });

/** The shared state, inside GraphiQL's panels too. */
export const useShared = (): Shared => useContext(SharedContext);
