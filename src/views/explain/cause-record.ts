import type { CauseText } from '../../explain/causes/cause.ts';

/** A line of `explain --list --json`. */
export const causeRecord = ({
  name,
  title,
  meaning,
  cites,
  helps,
  doesNotHelp,
}: CauseText & { readonly name: string }) => ({
  type: 'cause',
  cause: name,
  title,
  meaning,
  cites,
  helps,
  does_not_help: doesNotHelp,
});
