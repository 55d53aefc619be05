import assert from "node:assert/strict";
import type { Secret } from "../../kube/kinds.ts";
import { REDACTED, redactLooks, redactObject, redactor } from "./redact.ts";

const secret = (data: Record<string, string>): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s" },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)])),
});

Deno.test("a value of a Secret is taken out wherever and however it stands", () => {
  const value = 'q"uite/Str+ange pass%word';
  const redact = redactor([secret({ password: value })]);
  const forms = [
    value,
    btoa(value),
    btoa(value).replace(/=+$/, ""),
    encodeURIComponent(value),
    JSON.stringify(value),
  ];
  for (const form of forms) {
    const text = redact(`before ${form} after`);
    assert.equal(text.includes(form.replaceAll('"', "")), false, form);
    assert.match(text, /^before "?REDACTED"? after$/);
  }
});

Deno.test("a key in several lines is taken out line by line, and certificates stay", () => {
  const line = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
  const redact = redactor([
    secret({ "tls.key": `-----BEGIN K-----\n${line}\nrest\n`, "tls.crt": "the certificate itself" }),
  ]);
  assert.equal(redact(`log: ${line}`), `log: ${REDACTED}`);
  assert.equal(redact("the certificate itself"), "the certificate itself");
});

Deno.test("short values are taken out where they are a word, not inside of words", () => {
  const redact = redactor([secret({ password: "frog", pin: "7" })]);
  assert.equal(redact("frog, frogs, 77"), `${REDACTED}, frogs, 77`);
});

Deno.test("what looks like a secret is taken out even where no Secret may be read", () => {
  const table: readonly (readonly [string, string])[] = [
    ["postgresql://app:hunter2@db:5432/x", "postgresql://app:REDACTED@db:5432/x"],
    ["host=db password=hunter2 user=app", "host=db password=REDACTED user=app"],
    ["password='hun ter2' x", "password=REDACTED x"],
    ["PGPASSWORD=hunter2 psql", "PGPASSWORD=REDACTED psql"],
    ["--auth-token=abc --v=2", "--auth-token=REDACTED --v=2"],
    ['{"password": "hun\\"ter2", "a": 1}', '{"password": "REDACTED", "a": 1}'],
    ["authorization: Bearer abcdefghijkl", "authorization: Bearer REDACTED"],
    ["ALTER ROLE a PASSWORD 'x''y'", "ALTER ROLE a PASSWORD REDACTED"],
    ["AKIAABCDEFGHIJKLMNOP", "REDACTED"],
    ["a\n-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\nb", "a\nREDACTED\nb"],
    ["SCRAM-SHA-256$4096:abc$def:ghi next", "REDACTED next"],
    ["secretName: pw, passwordSecretRef", "secretName: pw, passwordSecretRef"],
  ];
  for (const [text, expected] of table) assert.equal(redactLooks(text), expected);
});

Deno.test("of a Secret the keys are left, of variables the names, and nothing of copies", () => {
  const same = (text: string) => text;
  const applied = {
    "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"a":"c2VjcmV0"}}',
    kept: "yes",
  };
  const told = redactObject({
    ...secret({ a: "secret" }),
    metadata: { name: "s", annotations: applied, managedFields: [{}] },
  }, same);
  assert.deepEqual(told, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", annotations: { kept: "yes" } },
    data: { a: "REDACTED, 6 bytes" },
  });
  const env = [{ name: "A", value: "x" }, {
    name: "B",
    valueFrom: { secretKeyRef: { name: "s", key: "a" } },
  }];
  assert.deepEqual(redactObject({ kind: "Pod", spec: { containers: [{ name: "c", env }] } }, same), {
    kind: "Pod",
    spec: { containers: [{ name: "c", env: [{ name: "A", value: REDACTED }, env[1]] }] },
  });
});
