/** The topology server of the whole cluster: an etcd of the operator's, or one that runs elsewhere. */
import type { GlobalTopoServerSpec } from "../api/multigres/cluster_components.ts";
import type { EtcdSpec, TopoServerSpec } from "../api/multigres/etcd.ts";
import { images } from "../api/multigres/images.ts";
import type { PvcDeletionPolicy } from "../api/multigres/storage.ts";
import {
  type ExternalTopoServerSpec,
  type GlobalTopoServerRef,
  globalTopoServerRef,
} from "../api/multigres/topology.ts";
import { completeEtcd, type CompleteExternal, completeExternal } from "./complete.ts";
import { globalRootPath } from "./defaults.ts";
import { misfits } from "./fits.ts";
import { mergeBlocks } from "./merge.ts";
import { mergeEtcd } from "./merge_etcd.ts";
import { present } from "./present.ts";
import { refused, type Resolved, resolved } from "./problem.ts";
import { chooseTemplate, type TemplateReference, type TemplateScope } from "./templates.ts";

const path = "spec.globalTopoServer";

/** An external server that says all that components have to know. */
export type ExternalGlobal = CompleteExternal & Required<Pick<ExternalTopoServerSpec, "rootPath">>;

export type ResolvedGlobalTopoServer =
  | {
    readonly kind: "managed";
    readonly template?: string;
    readonly rootPath: string;
    /** The spec of the TopoServer. */
    readonly spec: TopoServerSpec;
  }
  | { readonly kind: "external"; readonly template?: string; readonly external: ExternalGlobal };

export function coreReference(
  part: { readonly templateRef?: string } | undefined,
  partPath: string,
): TemplateReference | undefined {
  const name = part?.templateRef;
  return name === undefined ? undefined : { name, path: `${partPath}.templateRef` };
}

/** @param policy of the cluster, for volumes without a nearer one. */
export function resolveGlobalTopoServer(
  scope: TemplateScope,
  part: GlobalTopoServerSpec | undefined,
  policy: PvcDeletionPolicy,
): Resolved<ResolvedGlobalTopoServer> {
  const template = chooseTemplate(scope, "CoreTemplate", coreReference(part, path));
  if (!template.ok) return template;
  const name = present({ template: template.value.name });
  if (part?.external !== undefined) return resolveExternal(part.external, name);
  const base = template.value.spec?.globalTopoServer;
  const etcd = managedEtcd(base, part);
  const placement = part?.placement ?? base?.placement;
  return resolved({
    kind: "managed",
    ...name,
    rootPath: etcd.rootPath ?? globalRootPath,
    spec: {
      ...managedSpec(etcd, part?.pvcDeletionPolicy ?? base?.pvcDeletionPolicy ?? policy),
      ...present({ placement }),
    },
  });
}

/** The settings of etcd from the template and the cluster, with defaults; without the image. */
export function managedEtcd(
  base: TopoServerSpec | undefined,
  part: GlobalTopoServerSpec | undefined,
): EtcdSpec {
  return completeEtcd(mergeBlocks(mergeEtcd, base?.etcd, part?.etcd) ?? {}, globalRootPath);
}

/** A policy of etcd's own goes before the others, and is then told in one place only. */
function managedSpec(etcd: EtcdSpec, policy: PvcDeletionPolicy): TopoServerSpec {
  const { pvcDeletionPolicy, ...rest } = etcd;
  return { etcd: { image: images.etcd, ...rest }, pvcDeletionPolicy: pvcDeletionPolicy ?? policy };
}

function resolveExternal(
  given: ExternalTopoServerSpec,
  name: { readonly template?: string },
): Resolved<ResolvedGlobalTopoServer> {
  const external = externalGlobal(given);
  const { address, implementation } = globalTopoServerRef.shape;
  const reference = externalReference(external);
  const problems = [
    ...misfits(address, reference.address, path, ["external", "endpoints", 0]),
    ...misfits(implementation, reference.implementation, path, ["external", "implementation"]),
  ];
  if (problems.length > 0) return refused(problems);
  return resolved({ kind: "external", ...name, external });
}

export function externalGlobal(given: ExternalTopoServerSpec): ExternalGlobal {
  return { rootPath: globalRootPath, ...completeExternal(given) };
}

/** Components are given one address: the first endpoint; and the Secrets to trust and to be trusted by it. */
export function externalReference(
  { endpoints, implementation, rootPath, caSecret, clientCertSecret }: ExternalGlobal,
): GlobalTopoServerRef {
  return {
    ...present({ caSecret: named(caSecret), clientCertSecret: named(clientCertSecret) }),
    address: endpoints[0] ?? "",
    implementation,
    rootPath,
  };
}

/** The schema lets a name be empty, which names nothing. */
function named(secret: string | undefined): string | undefined {
  return secret === "" ? undefined : secret;
}
