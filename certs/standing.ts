/** What is said of a set of certificates. */
import type { Statement } from "../kube/conditions.ts";
import { day } from "./inspect.ts";
import { type AuthorityFinding, type Findings, isDue, serves } from "./rotation.ts";

/** How a set of certificates stands. */
export type Standing = Omit<Statement, "type">;

/** Some names are borne by Secrets of others, which are left alone. */
export function takenStanding(names: readonly string[]): Standing {
  const message =
    `Cannot keep certificates in ${names.join(", ")} as Secrets of these names belong to others: ` +
    "delete or rename them.";
  return { status: "False", reason: "SecretTaken", message };
}

/**
 * | first that holds                          | status | reason   |
 * | ----------------------------------------- | ------ | -------- |
 * | authority or a leaf cannot be used        | False  | Issuing  |
 * | an authority comes or goes                | True   | Rotating |
 * | otherwise                                 | True   | Issued   |
 */
export function standingOf({ authority, leaves }: Findings, now: Date): Standing {
  const faults = [
    ...faultOf("the authority", authority),
    ...leaves.flatMap((leaf) => faultOf(leaf.secretName, leaf)),
  ];
  const { signer } = authority;
  if (faults.length > 0 || signer === undefined) {
    return { status: "False", reason: "Issuing", message: `Being made: ${faults.join("; ")}` };
  }
  const passing = authority.trusted.length > 1;
  const due = leaves.filter((leaf) => isDue(leaf, signer, now)).map(({ secretName }) => secretName);
  if (passing || due.length > 0) {
    const late = due.length === 0 ? "" : `; still to be issued from the new one: ${due.join(", ")}`;
    return {
      status: "True",
      reason: "Rotating",
      message: `${authority.trusted.length} authorities are trusted${late}`,
    };
  }
  const ends = leaves.flatMap(({ judgement }) => judgement.ok ? [judgement.notAfter.getTime()] : []);
  const first = ends.length === 0 ? "" : `, the first until ${day(new Date(Math.min(...ends)))}`;
  return { status: "True", reason: "Issued", message: `${leaves.length} certificates are valid${first}` };
}

function faultOf(name: string, { judgement }: Pick<AuthorityFinding, "judgement">): string[] {
  return serves(judgement) || judgement.ok ? [] : [`${name}: ${judgement.message}`];
}
