/** What an operator did to pods, each with the state of the shard at that moment. */
import type { KubeRequest } from "../../../kube/transport.ts";
import type { DataPlane } from "../../support/data_plane/data_plane.ts";
import type { FaultyTransport } from "../../support/faulty_transport.ts";

export interface Deletion {
  readonly pod: string;
  /** Whether the instance in it led. */
  readonly led: boolean;
  /** Instances besides it that neither lead nor stream within the cohort. */
  readonly unsettled: readonly string[];
}

export class Chronicle {
  readonly deletions: Deletion[] = [];
  /** Names of pods, in the order in which they were made. */
  readonly creations: string[] = [];

  constructor(private readonly plane: DataPlane) {}

  /** For `prepare` of an operator. */
  readonly follow = (transport: FaultyTransport): void => {
    transport.onRequest = (request) => {
      this.#hear(request);
      return undefined;
    };
  };

  get deleted(): string[] {
    return this.deletions.map(({ pod }) => pod);
  }

  /** Calls of poolers by name. */
  calls(method: string): string[] {
    return this.plane.calls.filter((call) => call.method === method).map(({ pod }) => pod);
  }

  #hear({ method, path, body }: KubeRequest): void {
    const pod = /\/pods\/([^/?]+)/.exec(path)?.[1];
    if (method === "DELETE" && pod !== undefined) this.deletions.push(this.#deletion(pod));
    if (method === "POST" && /\/pods(\?|$)/.test(path)) {
      this.creations.push(/"name":"([^"]+)"/.exec(body ?? "")?.[1] ?? "");
    }
  }

  #deletion(pod: string): Deletion {
    const all = this.plane.instances().filter(({ phase }) => phase !== "stopped");
    const others = all.filter((each) => each.pod !== pod);
    return {
      pod,
      led: all.some((each) => each.pod === pod && each.primary),
      unsettled: others.filter(({ primary, streaming, inCohort }) => !primary && !(streaming && inCohort))
        .map((each) => each.pod),
    };
  }
}
