/** What the status says pod by pod. */
import { labelKeys } from "../../api/smoketurner/labels.ts";
import type { PodInfo, PodResize } from "../../api/smoketurner/postgres_cluster/pod_status.ts";
import type { Clock } from "../../kube/clock.ts";
import { timestamp } from "../../kube/conditions.ts";
import type { Member } from "./members.ts";
import { resizeWord } from "./resize.ts";
import { POSTGRES_CONTAINER } from "./shape.ts";

export function podInfos(members: readonly Member[]): PodInfo[] {
  return members.map(({ pod, name, ready }) => {
    const { generation } = pod.metadata;
    const observedGeneration = pod.status?.observedGeneration;
    const role = pod.metadata.labels?.[labelKeys.role];
    return {
      name,
      ...(generation === undefined ? {} : { generation }),
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
      specApplied: isApplied(generation, observedGeneration),
      ...(role === undefined ? {} : { role }),
      ready,
    };
  });
}

/** A kubelet that tells nothing leaves nothing to doubt. */
function isApplied(generation: number | undefined, observed: number | undefined): boolean {
  return generation === undefined || observed === undefined || generation === observed;
}

/** Members that are being resized, and what the nodes have set aside for all. A time stays while its state does. */
export function podResizes(
  members: readonly Member[],
  before: readonly PodResize[] | undefined,
  clock: Clock,
): PodResize[] {
  return members.flatMap((member): PodResize[] => {
    const { pod, name, resize } = member;
    const container = pod.status?.containerStatuses?.find((each) => each.name === POSTGRES_CONTAINER);
    const allocated = container?.allocatedResources;
    if (resize.kind === "done" && allocated === undefined) return [];
    const status = resizeWord(resize);
    const said = before?.find((each) => each.podName === name && each.status === status);
    return [{
      podName: name,
      status,
      ...(allocated === undefined ? {} : { allocatedResources: amountsOf(allocated) }),
      lastTransitionTime: said?.lastTransitionTime ?? timestamp(clock.now()),
      ...("message" in resize && resize.message !== "" ? { message: resize.message } : {}),
    }];
  });
}

function amountsOf({ cpu, memory }: { readonly [name: string]: string }) {
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}
