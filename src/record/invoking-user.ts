/** The user who called sudo. */
export type InvokingUser = { readonly uid: number; readonly gid: number };

/** The highest is -1: "no change" for chown. */
const MOST = 0xffff_fffe;

/**
 * The user whom sudo runs this process for; null if it is not root, or nobody called sudo.
 *
 * @param env - SUDO_UID and SUDO_GID are sudo's own: it takes none from its caller
 */
export const invokingUser = (
  env: Readonly<Record<string, string | undefined>> = process.env,
  ids: { readonly real: number | undefined; readonly effective: number | undefined } = {
    real: process.getuid?.(),
    effective: process.geteuid?.(),
  },
): InvokingUser | null => {
  if (ids.real !== 0 || ids.effective !== 0) return null;
  const [uid, gid] = [idOf(env['SUDO_UID']), idOf(env['SUDO_GID'])];
  return uid === null || gid === null ? null : { uid, gid };
};

const idOf = (text: string | undefined): number | null => {
  if (text === undefined || !/^(?:0|[1-9]\d{0,9})$/.test(text)) return null;
  const id = Number(text);
  return id <= MOST ? id : null;
};
