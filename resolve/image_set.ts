/** The six images that a cluster runs, which of them its user chose, and a short name for a whole set. */
import { createHash } from "node:crypto";
import type { ClusterImages, ComponentImages } from "../api/multigres/component_images.ts";
import { images } from "../api/multigres/images.ts";

/** An image for every component. The images of etcd and of the exporter are not among them. */
export type ImageSet = Required<ComponentImages>;

export type ImageComponent = keyof ImageSet;

/** In alphabetical order, which the revision of a set depends on. */
export const imageComponents = [
  "multiadmin",
  "multiadminWeb",
  "multigateway",
  "multiorch",
  "multipooler",
  "postgres",
] as const satisfies readonly ImageComponent[];

/** Where the images that run come from: the user, the operator, or both. */
export type ImageSource = "explicit" | "defaults" | "mixed";

/** The images that this operator comes with. Blank replacements, as an unset variable leaves them, do not count. */
export function availableImages(replacements: ComponentImages = {}): ImageSet {
  return fill((component) => given(replacements[component]) ?? images[component]);
}

/** What runs: the user's choice where there is one, else the operator's. */
export function effectiveImages(pins: ComponentImages | undefined, applied: ImageSet): ImageSet {
  return fill((component) => pins?.[component] ?? applied[component]);
}

export function imageSource(pins: ClusterImages | undefined): ImageSource {
  const pinned = imageComponents.filter((component) => pins?.[component] !== undefined).length;
  if (pinned === 0) return "defaults";
  return pinned === imageComponents.length ? "explicit" : "mixed";
}

/** The set when all six images are named. */
export function completeSet(candidate: ComponentImages | undefined): ImageSet | undefined {
  const complete = imageComponents.every((component) => given(candidate?.[component]) !== undefined);
  return complete ? fill((component) => candidate?.[component] ?? "") : undefined;
}

/**
 * Names a set of images: 12 hexadecimal digits of the SHA-256 over a line for each component, in the order of their names.
 * Users copy it to acknowledge an update.
 */
export function imageRevision(set: ImageSet): string {
  const lines = imageComponents.map((component) => `${component.toLowerCase()}=${set[component]}`);
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 12);
}

export function sameImages(one: ImageSet, other: ImageSet): boolean {
  return imageComponents.every((component) => one[component] === other[component]);
}

/** Such as `postgres pg:1 → pg:2, multiorch m:1 → m:2`. */
export function describeChange(from: ImageSet, to: ImageSet): string {
  return imageComponents.filter((component) => from[component] !== to[component])
    .map((component) => `${component} ${from[component]} → ${to[component]}`).join(", ");
}

function given(image: string | undefined): string | undefined {
  const trimmed = image?.trim();
  return trimmed === "" ? undefined : trimmed;
}

function fill(imageOf: (component: ImageComponent) => string): ImageSet {
  return {
    multiadmin: imageOf("multiadmin"),
    multiadminWeb: imageOf("multiadminWeb"),
    multigateway: imageOf("multigateway"),
    multiorch: imageOf("multiorch"),
    multipooler: imageOf("multipooler"),
    postgres: imageOf("postgres"),
  };
}
