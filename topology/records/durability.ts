/** Durability policies: how many copies of a transaction there must be before it counts as committed. */
import { TopologyError } from "../errors.ts";
import { QuorumType } from "../gen/clustermetadata_pb.ts";

export interface DurabilityRule {
  /** The one of its names that the data plane accepts. */
  readonly name: string;
  readonly quorumType: QuorumType;
  readonly requiredCount: number;
}

const twoCopies: DurabilityRule = {
  name: "AT_LEAST_2",
  quorumType: QuorumType.AT_LEAST_N,
  requiredCount: 2,
};

const twoCells: DurabilityRule = {
  name: "MULTI_CELL_AT_LEAST_2",
  quorumType: QuorumType.MULTI_CELL_AT_LEAST_N,
  requiredCount: 2,
};

/** The second name of each is what it was called before; the data plane has forgotten it, manifests have not. */
const rules: ReadonlyMap<string, DurabilityRule> = new Map([
  ["AT_LEAST_2", twoCopies],
  ["ANY_2", twoCopies],
  ["MULTI_CELL_AT_LEAST_2", twoCells],
  ["MULTI_CELL_ANY_2", twoCells],
]);

/** @param name {@link twoCopies} when absent. @throws TopologyError `invalid` for a name that is not known. */
export function durabilityRule(name: string | undefined): DurabilityRule {
  const rule = name === undefined ? twoCopies : rules.get(name);
  if (rule !== undefined) return rule;
  throw new TopologyError(
    "invalid",
    `Cannot use durability policy "${name}" as there is none of this name; write AT_LEAST_2 or MULTI_CELL_AT_LEAST_2`,
  );
}
