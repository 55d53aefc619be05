/**
 * Which of the operator's images a cluster is known to run, across restarts and newer operators: an annotation of the
 * cluster, and where that is missing or unreadable, the status.
 */
import type { ComponentImages } from "../api/multigres/component_images.ts";
import { isRecord } from "../kube/errors.ts";
import { completeSet, imageComponents, type ImageSet } from "./image_set.ts";

/** The annotation of a cluster whose user chose all images: none of the operator's is in use. */
export const fullyPinnedRecord = JSON.stringify("fully-pinned");

export type ImageRecord =
  /** Nothing is known: a new cluster, or one whose images were all the user's. */
  | { readonly kind: "none"; readonly fullyPinned: boolean }
  | { readonly kind: "known"; readonly images: ImageSet; readonly from: "annotation" | "status" }
  /** The annotation cannot be read; `images` are those of the status, if it has all six. */
  | { readonly kind: "invalid"; readonly why: string; readonly images: ImageSet | undefined };

/**
 * @param annotation value of `multigres.com/applied-images`.
 * @param status `status.images.applied`.
 */
export function readImageRecord(
  annotation: string | undefined,
  status: ComponentImages | undefined,
): ImageRecord {
  const fallback = completeSet(status);
  if (annotation === undefined) {
    return fallback === undefined
      ? { kind: "none", fullyPinned: false }
      : { kind: "known", images: fallback, from: "status" };
  }
  if (annotation === fullyPinnedRecord) return { kind: "none", fullyPinned: true };
  const parsed = parse(annotation);
  if (!isRecord(parsed)) return { kind: "invalid", why: "it is no JSON object", images: fallback };
  const images = completeSet(textsOf(parsed));
  if (images === undefined) {
    return { kind: "invalid", why: "it does not name all six images", images: fallback };
  }
  return { kind: "known", images, from: "annotation" };
}

/** The annotation for a set of images. */
export function writeImageRecord(images: ImageSet): string {
  return JSON.stringify(
    Object.fromEntries(imageComponents.map((component) => [component, images[component]])),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textsOf(parsed: Readonly<Record<string, unknown>>): ComponentImages {
  const texts: ComponentImages = {};
  for (const component of imageComponents) {
    const value = parsed[component];
    if (typeof value === "string") texts[component] = value;
  }
  return texts;
}
