import assert from "node:assert/strict";
import { readCertificate } from "../../../certs/read.ts";
import { servingSecretName } from "../../../webhook/pki/place.ts";
import { ownedTest } from "../../ground/ground.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { TurnedClock } from "../../support/turned_clock.ts";
import { type PkiStage, reached, withPki } from "../../support/webhook_pki.ts";
import { callOn, disorder, mishaps, rotate } from "../../support/webhook_rotation.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;

ownedTest(
  "whatever happens to its certificates, no call of the webhook fails",
  (t) =>
    withPki(t, async (stage) => {
      await stage.install();
      const clock = new TurnedClock();
      // Certificates begin an hour before they are made, and API servers cannot be turned: so far may this clock go ahead.
      clock.turn(-HOUR);
      await using replica = stage.start({ clock });
      await reached(replica);
      const end = new AbortController();
      const calls = callOn(stage, 4, end.signal);
      try {
        await rotate(stage, clock, { rounds: Object.keys(mishaps).length, everyMs: 3_000 });
      } finally {
        end.abort();
      }
      const { made, failures } = await calls;
      assert.deepEqual(failures.slice(0, 5), []);
      assert.ok(made > 100, `${made} calls`);
      await waitUntil("order", () => disorder(stage, clock.now()), (why) => why === undefined);
      assert.equal(replica.health(), undefined);
      await replica.stop();
      const unanswered = await callOn(stage, 1, AbortSignal.timeout(500));
      assert.equal(unanswered.failures.length, unanswered.made, "clients notice when nobody answers");
    }),
);

async function leafOf(stage: PkiStage) {
  const secret = await stage.secret(servingSecretName);
  return readCertificate(atob(secret?.data?.["tls.crt"] ?? ""));
}

ownedTest(
  "a certificate is renewed when a year has passed, and no call fails",
  (t) =>
    withPki(t, async (stage) => {
      await stage.install();
      const clock = new TurnedClock();
      clock.turn(-364 * DAY);
      await using replica = stage.start({ clock });
      await reached(replica);
      const before = await leafOf(stage);
      const end = new AbortController();
      const calls = callOn(stage, 2, end.signal);
      try {
        clock.turn(364 * DAY);
        await waitFor(
          "another certificate",
          async () => (await leafOf(stage))?.fingerprint !== before?.fingerprint,
        );
        await waitFor(
          "it to be shown",
          () => replica.log.filter((line) => line.includes("Shows a certificate")).length === 2,
        );
      } finally {
        end.abort();
      }
      assert.deepEqual((await calls).failures.slice(0, 5), []);
      const left = ((await leafOf(stage))?.notAfter.getTime() ?? 0) - Date.now();
      assert.ok(left > 364 * DAY * 1000 && left <= 365 * DAY * 1000);
    }),
);
