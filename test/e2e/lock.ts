import { once } from 'node:events';
import { createServer } from 'node:net';

/** A name in the abstract namespace of unix sockets: it goes with the process that holds it. */
const NAME = '\0finwait-e2e';

/** Waits until no other run of these tests goes on here: the orphan counter is the whole machine's. */
export const takeTurn = async (): Promise<() => void> => {
  for (;;) {
    const server = createServer();
    server.listen(NAME);
    const isOurs = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (isOurs) return () => server.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};
