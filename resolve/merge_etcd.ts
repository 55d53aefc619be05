/** Merging the settings of a managed etcd. */
import type { EtcdSpec } from "../api/multigres/etcd.ts";
import { mergeBlocks, mergeStorage, nearestResources, nearestText } from "./merge.ts";
import { present } from "./present.ts";

export function mergeEtcd(base: EtcdSpec, child: EtcdSpec): EtcdSpec {
  return present({
    ...base,
    ...child,
    image: nearestText(base.image, child.image),
    rootPath: nearestText(base.rootPath, child.rootPath),
    resources: nearestResources(base.resources, child.resources),
    storage: mergeBlocks(mergeStorage, base.storage, child.storage),
  });
}
