import assert from "node:assert/strict";
import { decideImages, type ImageDecision, type ImageQuestion } from "./image_decision.ts";
import { fullyPinnedRecord, type ImageRecord, readImageRecord, writeImageRecord } from "./image_record.ts";
import { imageRevision, type ImageSet } from "./image_set.ts";
import { imagesCondition, imagesStatus } from "./image_status.ts";

function tagged(tag: string): ImageSet {
  const image = (name: string) => `${name}:${tag}`;
  return {
    multiadmin: image("admin"),
    multiadminWeb: image("web"),
    multigateway: image("gateway"),
    multiorch: image("orch"),
    multipooler: image("pooler"),
    postgres: image("pg"),
  };
}

const older = tagged("1");
const newer = tagged("2");
const nothing: ImageRecord = { kind: "none", fullyPinned: false };
const known: ImageRecord = { kind: "known", images: older, from: "annotation" };

function question(part: Partial<ImageQuestion>): ImageQuestion {
  return {
    pins: undefined,
    policy: undefined,
    strategy: "immediate",
    available: newer,
    record: known,
    ...part,
  };
}

const lazy = (acknowledgedRevision?: string): Partial<ImageQuestion> => ({
  policy: { strategy: "lazy", ...(acknowledgedRevision === undefined ? {} : { acknowledgedRevision }) },
});

function reasons(decision: ImageDecision): string[] {
  return decision.notices.map((notice) => `${notice.type} ${notice.reason}`);
}

function running(decision: ImageDecision): ImageSet | undefined {
  return decision.kind === "unknown" ? undefined : decision.effective;
}

type Row = [
  name: string,
  part: Partial<ImageQuestion>,
  kind: string,
  runs: ImageSet | undefined,
  told: string[],
];

const unreadable: ImageRecord = { kind: "invalid", why: "it is no JSON object", images: undefined };
const unreadableWithStatus: ImageRecord = { ...unreadable, images: older };
const updated = "Normal ImagesUpdated";
const invalid = "Warning ImagesRecordInvalid";
const ignored = "Warning ImagesAcknowledgementIgnored";

const rows: readonly Row[] = [
  ["immediate takes newer images at once", {}, "UpToDate", newer, [updated]],
  ["immediate says nothing to a new cluster", { record: nothing }, "UpToDate", newer, []],
  ["immediate is silent when nothing changes", { available: older }, "UpToDate", older, []],
  [
    "immediate names an acknowledgement of a third revision",
    {
      policy: { acknowledgedRevision: "0123456789ab" },
    },
    "UpToDate",
    newer,
    [ignored, updated],
  ],
  [
    "immediate takes an acknowledgement of the new revision as a matter of course",
    {
      policy: { acknowledgedRevision: imageRevision(newer) },
    },
    "UpToDate",
    newer,
    [updated],
  ],
  [
    "immediate takes an acknowledgement of the old revision as a matter of course",
    {
      policy: { acknowledgedRevision: imageRevision(older) },
    },
    "UpToDate",
    newer,
    [updated],
  ],
  [
    "immediate goes on with a record that is unreadable",
    { record: unreadableWithStatus },
    "UpToDate",
    newer,
    [
      invalid,
      updated,
    ],
  ],
  ["immediate goes on without any record, and says so twice", { record: unreadable }, "UpToDate", newer, [
    invalid,
    invalid,
  ]],
  ["lazy holds newer images back", lazy(), "AwaitingAcknowledgement", older, []],
  ["lazy takes an empty acknowledgement for none", lazy(""), "AwaitingAcknowledgement", older, []],
  [
    "lazy holds back while the old revision is acknowledged",
    lazy(imageRevision(older)),
    "AwaitingAcknowledgement",
    older,
    [],
  ],
  ["lazy takes newer images once they are acknowledged", lazy(imageRevision(newer)), "UpToDate", newer, [
    updated,
  ]],
  [
    "lazy holds back and warns when another revision is acknowledged",
    lazy("0123456789ab"),
    "RevisionMismatch",
    older,
    [
      "Warning ImagesRevisionMismatch",
    ],
  ],
  [
    "lazy is silent when nothing changes, whatever is acknowledged",
    {
      ...lazy("0123456789ab"),
      available: older,
    },
    "UpToDate",
    older,
    [],
  ],
  ["lazy gives a new cluster the operator's images", { ...lazy(), record: nothing }, "UpToDate", newer, []],
  [
    "lazy gives a cluster that had only its own images the operator's",
    {
      ...lazy(),
      record: { kind: "none", fullyPinned: true },
    },
    "UpToDate",
    newer,
    [],
  ],
  [
    "lazy holds by the status while the annotation is unreadable",
    { ...lazy(), record: unreadableWithStatus },
    "AwaitingAcknowledgement",
    older,
    [invalid],
  ],
  [
    "lazy does nothing while nothing tells what runs",
    { ...lazy(), record: unreadable },
    "unknown",
    undefined,
    [invalid],
  ],
  [
    "the operator's flag decides where the cluster names no strategy",
    { strategy: "lazy" },
    "AwaitingAcknowledgement",
    older,
    [],
  ],
  [
    "the cluster's strategy goes before the operator's flag",
    {
      strategy: "lazy",
      policy: { strategy: "immediate" },
    },
    "UpToDate",
    newer,
    [updated],
  ],
  [
    "some images of the user's go before held ones",
    { ...lazy(), pins: { postgres: "mine" } },
    "AwaitingAcknowledgement",
    { ...older, postgres: "mine" },
    [],
  ],
  [
    "all images of the user's leave nothing to decide",
    { ...lazy("0123456789ab"), pins: tagged("mine") },
    "FullyPinned",
    tagged("mine"),
    [],
  ],
  [
    "all images of the user's need no readable record",
    { ...lazy(), pins: tagged("mine"), record: unreadable },
    "FullyPinned",
    tagged("mine"),
    [],
  ],
];

for (const [name, part, reason, runs, told] of rows) {
  Deno.test(name, () => {
    const decision = decideImages(question(part));
    assert.equal(decision.kind === "unknown" ? decision.kind : decision.reason, reason);
    assert.deepEqual(running(decision), runs);
    assert.deepEqual(reasons(decision), told);
  });
}

function annotation(part: Partial<ImageQuestion>): string | undefined {
  const decision = decideImages(question(part));
  assert.ok(decision.kind !== "unknown");
  return decision.annotation;
}

Deno.test("the record is written when it does not tell what runs", () => {
  assert.equal(annotation({}), writeImageRecord(newer));
  assert.equal(annotation({ record: nothing }), writeImageRecord(newer));
  assert.equal(
    annotation({ available: older, record: { ...known, from: "status" } }),
    writeImageRecord(older),
  );
  assert.equal(annotation({ ...lazy(), record: { ...known, from: "status" } }), writeImageRecord(older));
  assert.equal(annotation({ ...lazy(), record: unreadableWithStatus }), writeImageRecord(older));
  assert.equal(annotation({ pins: tagged("mine") }), fullyPinnedRecord);
});

Deno.test("a record that tells what runs is left alone, however it is spelled", () => {
  assert.equal(annotation({ available: older }), undefined);
  assert.equal(annotation(lazy()), undefined);
  assert.equal(annotation({ pins: tagged("mine"), record: { kind: "none", fullyPinned: true } }), undefined);
  const spaced = JSON.stringify(Object.fromEntries(Object.entries(older).reverse()), undefined, 2);
  assert.equal(annotation({ available: older, record: readImageRecord(spaced, undefined) }), undefined);
});

Deno.test("what is decided once is decided again, without a word and without a write", () => {
  for (const [name, part] of rows) {
    const first = decideImages(question(part));
    if (first.kind === "unknown") continue;
    const record = first.annotation === undefined
      ? question(part).record
      : readImageRecord(first.annotation, undefined);
    const second = decideImages(question({ ...part, record }));
    assert.ok(second.kind !== "unknown", name);
    assert.deepEqual(second.effective, first.effective, name);
    assert.equal(second.annotation, undefined, name);
    assert.deepEqual(reasons(second).filter((reason) => reason === updated || reason === invalid), [], name);
  }
});

Deno.test("an update names both revisions and what changes", () => {
  const [notice] = decideImages(question({})).notices;
  assert.match(
    notice?.message ?? "",
    new RegExp(`from revision ${imageRevision(older)} to ${imageRevision(newer)}`),
  );
  assert.match(notice?.message ?? "", /postgres pg:1 → pg:2/);
});

Deno.test("every warning names the remedy or what happens instead", () => {
  const messages = [
    ...decideImages(question(lazy("0123456789ab"))).notices,
    ...decideImages(question({ policy: { acknowledgedRevision: "0123456789ab" }, record: nothing })).notices,
  ].map((notice) => notice.message);
  assert.deepEqual(messages, [
    `Cannot take images of revision 0123456789ab as this operator has ${imageRevision(newer)}: ` +
    `set spec.imageUpdatePolicy.acknowledgedRevision to ${imageRevision(newer)}, or leave it out`,
    "Revision 0123456789ab of spec.imageUpdatePolicy.acknowledgedRevision has no effect as the strategy is " +
    `immediate: revision ${imageRevision(newer)} is in use`,
  ]);
});

function told(part: Partial<ImageQuestion>) {
  const asked = question(part);
  const decision = decideImages(asked);
  assert.ok(decision.kind !== "unknown");
  const { status, reason } = imagesCondition(asked, decision);
  return { images: imagesStatus(asked, decision), condition: [status, reason] };
}

Deno.test("the status tells both sets while newer images are held back", () => {
  assert.deepEqual(told({ ...lazy(), pins: { postgres: "mine" } }), {
    images: {
      applied: older,
      appliedRevision: imageRevision(older),
      available: newer,
      availableRevision: imageRevision(newer),
      effective: { ...older, postgres: "mine" },
      source: "mixed",
      updateStrategy: "lazy",
    },
    condition: ["True", "AwaitingAcknowledgement"],
  });
});

Deno.test("the status of a cluster with only its own images tells those alone", () => {
  assert.deepEqual(told({ pins: tagged("mine") }), {
    images: { effective: tagged("mine"), source: "explicit" },
    condition: ["False", "FullyPinned"],
  });
});

Deno.test("the status of a cluster that is up to date says so", () => {
  const { images, condition } = told({});
  assert.deepEqual([images.source, images.updateStrategy, images.appliedRevision], [
    "defaults",
    "immediate",
    images.availableRevision,
  ]);
  assert.deepEqual(condition, ["False", "UpToDate"]);
});
