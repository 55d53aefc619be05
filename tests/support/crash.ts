/** An operator that ends at a chosen write, and what stands in the end, for sweeps over all its writes. */
import type { KubeClient } from "../../kube/client.ts";
import type { Resource } from "../../kube/resource.ts";
import { isWrite, TransportError } from "../../kube/transport.ts";
import type { FaultyTransport } from "./faulty_transport.ts";

/**
 * Ends the process, as far as the API server can tell, before or after its n-th write is carried out. Events do not count:
 * they are sent beside the work, in no fixed order with it.
 */
export function dieAt(
  transport: FaultyTransport,
  n: number,
  when: "before" | "after",
): { readonly dead: boolean } {
  const fate = { dead: false };
  let writes = 0;
  const live = transport.request.bind(transport);
  transport.request = async (request) => {
    if (fate.dead) throw new TransportError("broken", "The process has ended");
    const counts = isWrite(request.method) && !/\/events(\?|$)/.test(request.path);
    if (!counts || ++writes < n) return await live(request);
    fate.dead = true;
    if (when === "after") await live(request);
    throw new TransportError("broken", "The process has ended");
  };
  return fate;
}

/** The objects of these kinds, a line each in a fixed order, without what differs between any two objects. */
export async function standing(
  client: KubeClient,
  namespace: string,
  kinds: readonly Resource[],
): Promise<string[]> {
  const lines: string[] = [];
  for (const resource of kinds) {
    for (const object of await client.listAll(resource, { namespace })) {
      const { name, labels, ownerReferences = [] } = object.metadata;
      const spec = "spec" in object ? object.spec : undefined;
      const own = JSON.stringify(spec, (key, value) => key.startsWith("clusterIP") ? undefined : value);
      const owners = ownerReferences.map((owner) => `${owner.kind}/${owner.name}`);
      const line = [resource.kind, name, JSON.stringify(labels), owners.join(), own].join(" ");
      lines.push(line.replaceAll(namespace, "NS"));
    }
  }
  return lines.sort();
}
