/** What `parseAnnounce` and `parseEvidence` read fields from: a line's text, or its packed form. */
export type Fields = {
  readonly hi: number;
  readonly lo: number;
  /** The next hexadecimal field, into `hi` and `lo`. */
  readonly hex: () => void;
  /** The next one, of 32 bits. */
  readonly hex32: () => number;
  readonly skipHex: (fields: number) => void;
  /** The sixteen bytes of a comm in hex, spaces between them. */
  readonly comm: () => string;
};
