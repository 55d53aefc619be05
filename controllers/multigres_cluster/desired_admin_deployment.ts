/** What the Deployments of the two admin components have in common. */
import { internalCertificateHashAnnotation } from "../../api/multigres/annotations.ts";
import { selectorLabels } from "../../api/multigres/labels.ts";
import type { Applied } from "../../kube/client.ts";
import type { Deployment } from "../../kube/kinds.ts";
import type { ResolvedAdmin } from "../../resolve/admin.ts";
import { podLabels, withAnnotations } from "../components/pod_metadata.ts";
import type { Container, Volume } from "../components/pod_parts.ts";
import { podPlacement, pullPolicy, pullSecrets } from "../components/pod_placement.ts";
import { childMetadata, labelsOf } from "./desired_metadata.ts";
import type { ClusterView } from "./view.ts";

/** What tells one admin component from the other. */
interface AdminComponent {
  /** Of the Deployment; its Service is called the same. */
  readonly name: string;
  /** Value of the component label. */
  readonly component: string;
  readonly admin: ResolvedAdmin;
  /** Without resources and pull policy, which are added here. */
  readonly container: Container;
  readonly volumes?: readonly Volume[];
  /** Tells versions of its certificate from each other, where it has one. */
  readonly certificate?: string | undefined;
}

export function adminDeployment(view: ClusterView, parts: AdminComponent): Applied<Deployment> {
  const { admin, container, volumes = [] } = parts;
  const { images } = view.parent.cluster.settings;
  const { affinity, replicas, resources } = admin.spec;
  const labels = labelsOf(view, parts.component);
  return {
    metadata: childMetadata(view, { name: parts.name, labels }),
    spec: {
      replicas,
      selector: { matchLabels: selectorLabels(labels) },
      template: {
        metadata: withAnnotations(podMetadata(admin, labels), {
          [internalCertificateHashAnnotation]: parts.certificate,
        }),
        spec: {
          containers: [{ ...container, ...pullPolicy(images), resources }],
          ...podPlacement({ affinity, placement: admin.placement }),
          ...pullSecrets(images),
          ...(volumes.length === 0 ? {} : { volumes: [...volumes] }),
        },
      },
    },
  };
}

/** Here hints to Prometheus are left to the user: nobody else sets any on these pods. */
function podMetadata({ spec }: ResolvedAdmin, labels: Readonly<Record<string, string>>) {
  const annotations = { ...spec.podAnnotations };
  return {
    labels: podLabels(spec.podLabels, labels),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
