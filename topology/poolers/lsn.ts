/** Positions in PostgreSQL's write-ahead log. */

/**
 * A position in bytes, from PostgreSQL's own text: two hexadecimal numbers of 32 bits.
 * @returns undefined for what is no position; an empty text stands for none
 */
export function parseLsn(text: string): bigint | undefined {
  const parts = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (parts === null) return undefined;
  return (BigInt(`0x${parts[1]}`) << 32n) | BigInt(`0x${parts[2]}`);
}

/** As PostgreSQL writes it: `0/3000148`. */
export function formatLsn(position: bigint): string {
  const hex = (part: bigint) => part.toString(16).toUpperCase();
  return `${hex(position >> 32n)}/${hex(position & 0xffff_ffffn)}`;
}
