/**
 * Members that another operator made. They run on as they are, so what this one would make otherwise is deferred: it comes
 * with the next restart that their user causes, or consents to. Until then the status says so.
 *
 * | pod bears our hash | annotation `adopt-operator-changes` | what happens                                         |
 * | ------------------ | ----------------------------------- | ---------------------------------------------------- |
 * | yes                | any                                 | compared by the hash: see `asked.ts`                 |
 * | no                 | not `true`                          | compared by what can be read of it; the status tells |
 * | no                 | `true`                              | restarted in its turn: see `change.ts`               |
 */
import { annotations } from "../../api/smoketurner/annotations.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { Pod } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import type { Member } from "./members.ts";

/** Type of the condition that is there only while such members are. */
export const TEMPLATE_CURRENT = "TemplateCurrent";

/** Whether another operator made a pod: ours bear a hash of what their user asked for. */
export function isFormer({ metadata }: Frozen<Pod>): boolean {
  return metadata.annotations?.[annotations.askedHash] === undefined;
}

/** Whether the user wants members restarted that another operator made, without another change. */
export function adoptsOperatorChanges({ metadata }: Frozen<PostgresCluster>): boolean {
  return metadata.annotations?.[annotations.adoptOperatorChanges] === "true";
}

/** What is said of members that another operator made; nothing where there is none. */
export function formerMembersStatement(members: readonly Member[]): Statement[] {
  const former = members.filter(({ pod, leaving }) => !leaving && isFormer(pod));
  if (former.length === 0) return [];
  const names = former.map(({ name }) => name).join(", ");
  const message =
    `Made by another operator, and left as they run: ${names}. ${dangerOf(former)}They are restarted, ` +
    "one at a time, with the next change that restarts members; set annotation " +
    `${annotations.adoptOperatorChanges} to true to have it done now.`;
  return [{ type: TEMPLATE_CURRENT, status: "False", reason: "MadeByAnotherOperator", message }];
}

function dangerOf(former: readonly Member[]): string {
  const exposed = former.filter(({ onVolume }) => !onVolume);
  if (exposed.length === 0) return "";
  return "Their database is in the container, on no volume, and is lost when the container restarts. ";
}
