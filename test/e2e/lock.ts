import { once } from 'node:events';
import { createServer } from 'node:net';

/** In the abstract namespace of unix sockets: it goes with the process that holds it. */
const NAME = '\0finwait-e2e';

/** The orphan counter is the whole machine's: two runs of these tests at once wait for each other here. */
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
