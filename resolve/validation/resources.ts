/** What a container may use is not less than what is set aside for it: the API server refuses its pod otherwise. */
import type { ResourceRequirements } from "../../api/kubernetes/resources.ts";
import type { PoolSpec } from "../../api/multigres/pool.ts";
import { parseQuantity } from "../../kube/quantity.ts";
import { failure, type Finding } from "./finding.ts";
import { type ClusterView, poolPath, type ShardView } from "./view.ts";

/**
 * @param subject of the sentence, such as `etcd` or `multigateway`.
 * @param path of the resources.
 */
export function limitsBelowRequests(
  subject: string,
  resources: ResourceRequirements | undefined,
  path: string,
): Finding[] {
  const { requests = {}, limits = {} } = resources ?? {};
  const findings: Finding[] = [];
  for (const [name, request] of Object.entries(requests)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    const [least, most] = [parseQuantity(request), parseQuantity(limit)];
    if (least === undefined || most === undefined || most >= least) continue;
    const message = `Cannot give ${subject} a limit of ${limit} ${name} as its request is ${request}: ` +
      `raise ${path}.limits.${name} to at least ${request}, or lower the request.`;
    findings.push(failure("LimitCoversRequest", `${path}.limits.${name}`, message));
  }
  return findings;
}

/** Both containers of an instance. @param path of the pool. */
export function poolLimits({ postgres, multipooler }: PoolSpec, path: string): Finding[] {
  return [
    ...limitsBelowRequests("postgres", postgres?.resources, `${path}.postgres.resources`),
    ...limitsBelowRequests("multipooler", multipooler?.resources, `${path}.multipooler.resources`),
  ];
}

/** Every container of a cluster, with template, overrides and defaults. */
export function resourceFindings(view: ClusterView): Finding[] {
  return [...coreFindings(view), ...cellFindings(view), ...view.shards.flatMap(shardFindings)];
}

function coreFindings({ globalTopoServer: topology, multiadmin, multiadminWeb }: ClusterView): Finding[] {
  const etcd = topology.ok && topology.value.kind === "managed" ? topology.value.spec.etcd : undefined;
  const admin = multiadmin.ok ? multiadmin.value.spec.resources : undefined;
  const web = multiadminWeb.ok ? multiadminWeb.value.spec.resources : undefined;
  return [
    ...limitsBelowRequests("etcd", etcd?.resources, "spec.globalTopoServer.etcd.resources"),
    ...limitsBelowRequests("multiadmin", admin, "spec.multiadmin.spec.resources"),
    ...limitsBelowRequests("multiadmin-web", web, "spec.multiadminWeb.spec.resources"),
  ];
}

function cellFindings({ cells }: ClusterView): Finding[] {
  return cells.flatMap(({ path, config, resolved }) => {
    if (!resolved.ok) return [];
    const { multigateway, topoServer } = resolved.value;
    const level = config.overrides?.multigateway?.resources === undefined ? "spec" : "overrides";
    const etcd = topoServer?.etcd?.resources;
    return [
      ...limitsBelowRequests(
        "multigateway",
        multigateway.resources,
        `${path}.${level}.multigateway.resources`,
      ),
      ...limitsBelowRequests("etcd", etcd, `${path}.spec.localTopoServer.etcd.resources`),
    ];
  });
}

function shardFindings(view: ShardView): Finding[] {
  const { path, config, resolved } = view;
  if (!resolved.ok) return [];
  const { multiorch, pools } = resolved.value.shard;
  const level = config.overrides?.multiorch?.resources === undefined ? "spec" : "overrides";
  return [
    ...limitsBelowRequests("multiorch", multiorch.resources, `${path}.${level}.multiorch.resources`),
    ...Object.entries(pools).flatMap(([name, pool]) => poolLimits(pool, poolPath(view, name))),
  ];
}
