type Environment = Readonly<Record<string, string | undefined>>;

/** A stdout that can show a screen. A dumb terminal knows no escape sequences: it gets the screen's content as text. */
export const takesScreen = (stdout: { readonly isTTY?: boolean }, env: Environment): boolean =>
  stdout.isTTY === true && env['TERM'] !== 'dumb';

/** False where NO_COLOR has any value but an empty one. Bold, dim and inverse are no colours. See no-color.org. */
export const takesColour = (env: Environment): boolean => (env['NO_COLOR'] ?? '') === '';
