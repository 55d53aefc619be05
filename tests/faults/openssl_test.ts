import assert from "node:assert/strict";
import { join } from "node:path";
import { issueLeaf, makeAuthority, systemRandom } from "../../certs/authority.ts";
import { pgBackRestCertificate } from "../../certs/pgbackrest.ts";
import { servingNames, webhookCertificates } from "../../webhook/pki/place.ts";
import { ground } from "../ground/ground.ts";

const profile = { organization: "Multigres", commonName: "Multigres CA" };
const wanted = pgBackRestCertificate({ namespace: "shop", poolServices: ["orders-pool-headless"] });

async function run(command: string, ...args: string[]): Promise<{ success: boolean; text: string }> {
  const child = new Deno.Command("sh", { args: ["-c", command, "sh", ...args] });
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { success, text: text.decode(stdout) + text.decode(stderr) };
}

const isThere = (await run("command -v openssl")).success;

Deno.test({
  name: isThere
    ? "OpenSSL, in its strict mode, accepts a certificate with its authority and refuses it with another"
    : "OpenSSL accepts a certificate with its authority (skipped: openssl is not on this machine)",
  ignore: !isThere,
  fn: async () => {
    const folder = await Deno.makeTempDir({ dir: ground().temporary });
    const tools = { now: new Date(), random: systemRandom };
    const [own, other] = [await makeAuthority(profile, tools), await makeAuthority(profile, tools)];
    const leaf = await issueLeaf(own, wanted, tools);
    const file = async (name: string, text: string) => {
      await Deno.writeTextFile(join(folder, name), text);
      return join(folder, name);
    };
    const certificate = await file("tls.crt", leaf.certificate);
    const key = await file("tls.key", leaf.key);
    const trust = {
      own: await file("own.crt", own.certificate),
      other: await file("other.crt", other.certificate),
      both: await file("both.crt", `${other.certificate}\n${own.certificate}`),
    };
    for (const purpose of ["sslserver", "sslclient"]) {
      const verify = (bundle: string) =>
        run('openssl verify -x509_strict -purpose "$3" -CAfile "$1" "$2"', bundle, certificate, purpose);
      assert.match((await verify(trust.own)).text, /: OK$/m);
      assert.match((await verify(trust.both)).text, /: OK$/m);
      assert.equal((await verify(trust.other)).success, false);
    }
    const host = "pod-0.orders-pool-headless.shop.svc";
    const named = await run('openssl x509 -noout -checkhost "$2" -in "$1"', certificate, host);
    assert.match(named.text, /does match/);
    const keys = await run(
      'test "$(openssl x509 -noout -pubkey -in "$1")" = "$(openssl pkey -pubout -in "$2")"',
      certificate,
      key,
    );
    assert.ok(keys.success, keys.text);
  },
});

Deno.test({
  name: isThere
    ? "OpenSSL, in its strict mode, accepts the webhook's certificate for the names of its Service"
    : "OpenSSL accepts the webhook's certificate (skipped: openssl is not on this machine)",
  ignore: !isThere,
  fn: async () => {
    const folder = await Deno.makeTempDir({ dir: ground().temporary });
    const tools = { now: new Date(), random: systemRandom };
    const place = { namespace: "system", serviceName: "multigres-operator-webhook-service" };
    const { authority, leaves } = webhookCertificates(place, undefined, []);
    const signer = await makeAuthority(authority.profile, tools);
    const trust = join(folder, "ca.crt");
    await Deno.writeTextFile(trust, signer.certificate);
    assert.equal(leaves.length, 1);
    for (const { wanted } of leaves) {
      const certificate = join(folder, "tls.crt");
      await Deno.writeTextFile(certificate, (await issueLeaf(signer, wanted, tools)).certificate);
      for (const name of servingNames(place)) {
        const { text } = await run(
          'openssl verify -x509_strict -purpose sslserver -verify_hostname "$3" -CAfile "$1" "$2"',
          trust,
          certificate,
          name,
        );
        assert.match(text, /: OK$/m);
      }
    }
  },
});
