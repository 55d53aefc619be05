/**
 * Whether a cluster takes the images of a newer operator now. "Known" is what the cluster is recorded to run. When all six
 * images are the user's, there is nothing to decide: FullyPinned. Else:
 *
 * | strategy  | known     | acknowledged      | decision | reason                  |
 * | --------- | --------- | ----------------- | -------- | ----------------------- |
 * | immediate | any       | any               | current  | UpToDate                |
 * | lazy      | nothing   | any               | current  | UpToDate                |
 * | lazy      | available | any               | current  | UpToDate                |
 * | lazy      | other     | available         | current  | UpToDate                |
 * | lazy      | other     | nothing, or known | held     | AwaitingAcknowledgement |
 * | lazy      | other     | something else    | held     | RevisionMismatch        |
 *
 * Lazy, and neither a readable record nor the status tells what runs: unknown.
 */
import { appliedImagesAnnotation } from "../api/multigres/annotations.ts";
import type { ImageUpdatePolicy } from "../api/multigres/cluster_components.ts";
import type { ClusterImages } from "../api/multigres/component_images.ts";
import type { Notice } from "../kube/events.ts";
import { fullyPinnedRecord, type ImageRecord, writeImageRecord } from "./image_record.ts";
import {
  describeChange,
  effectiveImages,
  imageRevision,
  type ImageSet,
  imageSource,
  sameImages,
} from "./image_set.ts";

export type ImageStrategy = NonNullable<ImageUpdatePolicy["strategy"]>;

export interface ImageQuestion {
  /** `spec.images`. */
  readonly pins: ClusterImages | undefined;
  /** `spec.imageUpdatePolicy`. */
  readonly policy: ImageUpdatePolicy | undefined;
  /** For clusters that name none: the operator's flag. */
  readonly strategy: ImageStrategy;
  /** The images that this operator comes with. */
  readonly available: ImageSet;
  readonly record: ImageRecord;
}

/** `annotation` is to stand on the cluster before any child changes; undefined when what stands there is right. */
interface Decided {
  /** What the children run. */
  readonly effective: ImageSet;
  readonly annotation: string | undefined;
  readonly notices: readonly Notice[];
}

export type ImageDecision =
  | ({ readonly kind: "pinned"; readonly reason: "FullyPinned" } & Decided)
  | ({ readonly kind: "current"; readonly reason: "UpToDate"; readonly applied: ImageSet } & Decided)
  | ({
    readonly kind: "held";
    readonly reason: "AwaitingAcknowledgement" | "RevisionMismatch";
    readonly applied: ImageSet;
  } & Decided)
  /** No child may be changed: which images run is not known, and the user wants no change unasked. */
  | { readonly kind: "unknown"; readonly message: string; readonly notices: readonly Notice[] };

export function decideImages(question: ImageQuestion): ImageDecision {
  const { pins, policy, record } = question;
  if (imageSource(pins) === "explicit") return pinned(question);
  const known = record.kind === "none" ? undefined : record.images;
  const notices = recordNotices(record);
  if ((policy?.strategy ?? question.strategy) === "immediate") {
    return take(question, known, [...notices, ...ignoredAcknowledgement(question, known)]);
  }
  if (known !== undefined) return mayTake(question, known, notices);
  return record.kind === "invalid" ? unknown(record.why) : take(question, undefined, notices);
}

function pinned({ pins, available, record }: ImageQuestion): ImageDecision {
  const recorded = record.kind === "none" && record.fullyPinned;
  return {
    kind: "pinned",
    reason: "FullyPinned",
    effective: effectiveImages(pins, available),
    annotation: recorded ? undefined : fullyPinnedRecord,
    notices: [],
  };
}

function unknown(why: string): ImageDecision {
  return {
    kind: "unknown",
    message:
      `Cannot tell which images the cluster runs: ${wrongRecord(why)}, and status.images does not tell ` +
      "either. Remove the annotation to take the operator's images.",
    notices: [recordInvalid(why)],
  };
}

/** Lazy, and it is known what runs. */
function mayTake(question: ImageQuestion, known: ImageSet, notices: Notice[]): ImageDecision {
  const { pins, policy, available } = question;
  const acknowledged = policy?.acknowledgedRevision ?? "";
  const wanted = imageRevision(available);
  if (acknowledged === wanted || sameImages(known, available)) return take(question, known, notices);
  const held = {
    kind: "held",
    applied: known,
    effective: effectiveImages(pins, known),
    annotation: annotationFor(question.record, known),
  } as const;
  if (acknowledged === "" || acknowledged === imageRevision(known)) {
    return { ...held, reason: "AwaitingAcknowledgement", notices };
  }
  const mismatch: Notice = {
    type: "Warning",
    reason: "ImagesRevisionMismatch",
    message: `Cannot take images of revision ${acknowledged} as this operator has ${wanted}: ` +
      `set spec.imageUpdatePolicy.acknowledgedRevision to ${wanted}, or leave it out`,
  };
  return { ...held, reason: "RevisionMismatch", notices: [...notices, mismatch] };
}

function take(question: ImageQuestion, known: ImageSet | undefined, notices: Notice[]): ImageDecision {
  const { pins, available, record } = question;
  return {
    kind: "current",
    reason: "UpToDate",
    applied: available,
    effective: effectiveImages(pins, available),
    annotation: annotationFor(record, available),
    notices: [...notices, ...updated(known, available)],
  };
}

/** An annotation that already names the set stays as it is, however it is spelled. */
function annotationFor(record: ImageRecord, applied: ImageSet): string | undefined {
  const stands = record.kind === "known" && record.from === "annotation" &&
    sameImages(record.images, applied);
  return stands ? undefined : writeImageRecord(applied);
}

function updated(known: ImageSet | undefined, available: ImageSet): Notice[] {
  if (known === undefined || sameImages(known, available)) return [];
  return [{
    type: "Normal",
    reason: "ImagesUpdated",
    message: `Images change from revision ${imageRevision(known)} to ${imageRevision(available)}: ` +
      describeChange(known, available),
  }];
}

function recordNotices(record: ImageRecord): Notice[] {
  if (record.kind !== "invalid") return [];
  if (record.images !== undefined) return [recordInvalid(record.why)];
  return [recordInvalid(record.why), {
    type: "Warning",
    reason: "ImagesRecordInvalid",
    message: "status.images does not tell which images the cluster runs either: the operator's are taken",
  }];
}

function recordInvalid(why: string): Notice {
  return {
    type: "Warning",
    reason: "ImagesRecordInvalid",
    message: `Cannot use what is recorded: ${wrongRecord(why)}`,
  };
}

function wrongRecord(why: string): string {
  return `the annotation ${appliedImagesAnnotation} is unreadable, as ${why}`;
}

/** With strategy immediate nothing waits to be acknowledged; who names a third revision expects something else. */
function ignoredAcknowledgement({ policy, available }: ImageQuestion, known: ImageSet | undefined): Notice[] {
  const acknowledged = policy?.acknowledgedRevision ?? "";
  const revisions = [available, ...(known === undefined ? [] : [known])].map(imageRevision);
  if (acknowledged === "" || revisions.includes(acknowledged)) return [];
  return [{
    type: "Warning",
    reason: "ImagesAcknowledgementIgnored",
    message:
      `Revision ${acknowledged} of spec.imageUpdatePolicy.acknowledgedRevision has no effect as the strategy ` +
      `is immediate: revision ${revisions[0]} is in use`,
  }];
}
