/** Deletes what others write to at the same time. */
import type { DeleteOptions, KubeClient } from "../../kube/client.ts";
import type { Resource } from "../../kube/resource.ts";
import type { ObjectKey } from "../../kube/types.ts";
import { waitFor } from "../ground/wait_for.ts";

/** Deletes an object as it stands now. When somebody writes to it between the look and the deletion, it is looked at again. */
export async function deleteNow(
  client: Pick<KubeClient, "get" | "delete">,
  resource: Resource,
  key: ObjectKey,
  options: Omit<DeleteOptions, "precondition"> = {},
): Promise<void> {
  await waitFor(`the deletion of ${resource.kind} ${key.name} to be taken`, async () => {
    const { metadata: { uid = "", resourceVersion = "" } } = await client.get(resource, key);
    await client.delete(resource, key, { ...options, precondition: { uid, resourceVersion } });
    return true;
  });
}
