/** Names of what an upgrade makes inside the databases: functions of the upgrade alone, so that they are found again. */
import { createHash } from "node:crypto";

/** An upgrade as far as names are concerned. */
export interface UpgradeIdentity {
  readonly name: string;
  readonly uid: string;
}

/** What one database has on its two sides. A subscription and its slot have the same name. */
export interface ReplicationNames {
  /** In the source. */
  readonly publication: string;
  /** Subscription in the new cluster, slot in the source. */
  readonly subscription: string;
  /** In the new cluster, for the way back. */
  readonly backPublication: string;
  /** Subscription in the source, slot in the new cluster. */
  readonly backSubscription: string;
}

/** `forward`: the new cluster follows the source; `back`: the source follows the new cluster. */
export type Direction = "forward" | "back";

/** Publication, and subscription with its slot, of one direction. */
export interface Ends {
  readonly publication: string;
  readonly subscription: string;
}

export function endsOf(names: ReplicationNames, direction: Direction): Ends {
  return direction === "forward"
    ? { publication: names.publication, subscription: names.subscription }
    : { publication: names.backPublication, subscription: names.backSubscription };
}

/** 32 bits: slots are shared by all databases of a server, so their names must tell these apart. */
const HASH_DIGITS = 8;

/**
 * Names for one database. The name of an upgrade has 45 characters at most, so that the longest of these has 63. A slot
 * takes lower-case letters, digits and underscores only.
 */
export function replicationNames({ name, uid }: UpgradeIdentity, database: string): ReplicationNames {
  const hash = createHash("sha256").update(`${uid}/${database}`).digest("hex").slice(0, HASH_DIGITS);
  const stem = `${name.replaceAll(/[-.]/g, "_")}_${hash}`;
  return {
    publication: `${stem}_pub`,
    subscription: `${stem}_sub`,
    backPublication: `${stem}_back_pub`,
    backSubscription: `${stem}_back_sub`,
  };
}
