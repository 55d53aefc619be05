/** A certificate for the metrics server: it keeps tokens from being read on the way, and proves nothing else. */
import { DAY_MS, type KeyPair, LEAF_DAYS, systemRandom } from "../certs/authority.ts";
import { beginning } from "../certs/issuing.ts";
import { writeCertificate } from "../certs/write.ts";

/**
 * Makes a key and a certificate (ECDSA on P-256) in memory. The process makes a new one each time it starts, and lives shorter
 * than that. `names` are DNS names that it shall carry.
 */
export async function selfSigned(names: readonly string[], now: Date): Promise<KeyPair> {
  return await writeCertificate({
    commonName: "matriarch",
    ...beginning({ now, random: systemRandom }),
    notAfter: new Date(now.getTime() + LEAF_DAYS * DAY_MS),
    isAuthority: false,
    usages: ["server"],
    dnsNames: names,
  });
}
