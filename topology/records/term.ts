/** Terms of leadership: which of two claims to be primary is the later one. */

/** When somebody became primary: terms come before subterms. */
export interface Term {
  readonly term: bigint;
  readonly subterm: bigint;
}

/** Negative when `a` is the earlier one, positive when it is the later one. */
export function compareTerms(a: Term, b: Term): number {
  if (a.term !== b.term) return a.term < b.term ? -1 : 1;
  if (a.subterm !== b.subterm) return a.subterm < b.subterm ? -1 : 1;
  return 0;
}
