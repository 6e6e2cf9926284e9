import { createPublicKey, verify } from "node:crypto";

/** Whether whoever holds the other half of `publicKey` signed `body` (a Buffer) less than five minutes ago. */
export function verified(publicKey, headers, body) {
  const x = Buffer.from(publicKey.replace(/^whpk_/, ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Math.floor(Date.now() / 1000) - Number(timestamp)) > 300) return false;
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return (headers["webhook-signature"] ?? "").split(" ").some((given) => {
    const [version, signature] = given.split(",", 2);
    return version === "v1a" && verify(null, signed, key, Buffer.from(signature ?? "", "base64"));
  });
}
