const EVIDENCE = ['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7'];
const NAMES: Readonly<Record<string, readonly string[]>> = {
  A: [
    ...['kind', 'at', 'sk', 'via', ...EVIDENCE, 'a0', 'a1', 'a2', 'a3', 'a4', 'netns', 'uid_mark', 'cgroup', 'cookie'],
    ...['ports', 'v4', 'l0', 'l1', 'r0', 'r1', 'task', 'task_flags', 'exit_code', 'h0', 'h1', 'h2'],
  ],
  S: ['kind', 'at', 'sk', 'from', 'to', ...EVIDENCE],
  R: ['kind', 'at', 'sk', ...EVIDENCE],
  X: ['kind', 'at', 'sk', 'direction', 'state', 'answers', 'reason', 'segments'],
  D: ['kind', 'at', 'sk', 'cookie', 'e0', 'e1', 'announced'],
};

/** Gives the same event as a JSON object, its fields under the names that docs/wire-format.md gives them, as text. */
export const jsonOf = (line: string): string => {
  const fields = line.split(' ');
  const names = NAMES[fields[0] ?? ''] ?? ['kind', 'at'];
  const event: Record<string, string> = {};
  for (const [i, name] of names.entries()) event[name] = fields[i] ?? '';
  if (fields.length > names.length) event['comm'] = fields.slice(names.length).join('');
  return JSON.stringify(event);
};
