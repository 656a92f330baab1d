/** Programs and readings of namespaces that run at once: each waits for the kernel most of its time. */
const AT_ONCE = 4;

/**
 * Does something with each item, several at a time.
 *
 * @param signal - aborted: no further one is begun
 * @returns the results in the order of the items; of a run that was aborted, those that were begun
 */
export const severalAtOnce = async <T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
  signal?: AbortSignal,
): Promise<readonly R[]> => {
  const results: R[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length && signal?.aborted !== true) {
      const index = next++;
      results[index] = await act(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
};
