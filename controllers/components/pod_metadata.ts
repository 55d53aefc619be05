/** Labels and annotations of pods: the operator's, and what users add to them. */
import { projectRefAnnotation, scrapeAnnotationPrefix } from "../../api/multigres/annotations.ts";
import { present } from "../../resolve/present.ts";
import { selectorLabels } from "../../api/multigres/labels.ts";

type Texts = Readonly<Record<string, string>>;

/** What a user adds to the pods of a component. */
export interface UserMetadata {
  readonly podLabels?: Texts;
  readonly podAnnotations?: Texts;
}

/** The project that an object's telemetry belongs to: its annotation, or else the cluster itself. */
export function projectOf(
  object: { readonly metadata: { readonly annotations?: Texts } },
  cluster: string,
): string {
  return object.metadata.annotations?.[projectRefAnnotation] || cluster;
}

/**
 * The operator's labels, and a user's beside them. A user's label never replaces one of ours, and none of the keys by which
 * pods are selected is taken from a user at all: the pod would be found by a Service that it does not belong to.
 */
export function podLabels(user: Texts | undefined, own: Texts): Record<string, string> {
  const selecting = selectorLabels(user ?? {});
  const harmless = Object.entries(user ?? {}).filter(([key]) => !(key in selecting));
  return { ...Object.fromEntries(harmless), ...own };
}

/**
 * A user's annotations but for hints to Prometheus, and the project where one is given. Metrics of these components leave
 * through OpenTelemetry; a scrape would count them twice.
 */
export function podAnnotations(user: Texts | undefined, project?: string): Record<string, string> {
  const kept = Object.entries(user ?? {}).filter(([key]) => !key.startsWith(scrapeAnnotationPrefix));
  return {
    ...Object.fromEntries(kept),
    ...(project === undefined ? {} : { [projectRefAnnotation]: project }),
  };
}

/** The same metadata with more annotations, those that are undefined left out. They win over what is there. */
export function withAnnotations<T extends { readonly annotations?: Texts }>(
  metadata: T,
  added: Readonly<Record<string, string | undefined>>,
): T & { annotations?: Record<string, string> } {
  const known = Object.entries(added).flatMap(([key, value]) => value === undefined ? [] : [[key, value]]);
  if (known.length === 0) return { ...metadata, ...present({ annotations: metadata.annotations }) };
  return { ...metadata, annotations: { ...metadata.annotations, ...Object.fromEntries(known) } };
}

/** `metadata` of a pod template. Without any annotation the field is left out. */
export function podMetadata(
  user: UserMetadata,
  { labels, project }: { readonly labels: Texts; readonly project?: string },
): { labels: Record<string, string>; annotations?: Record<string, string> } {
  const annotations = podAnnotations(user.podAnnotations, project);
  return {
    labels: podLabels(user.podLabels, labels),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}
