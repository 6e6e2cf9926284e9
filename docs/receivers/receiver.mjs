// Takes Linli's webhooks with Node's standard library: verifies each, handles it once, says what is missing.
//
//   WEBHOOK_SECRET="whsec_..." PORT=8099 node receiver.mjs
//
// Two secrets with a space between are both good.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const LIMIT = 1024 * 1024; // bytes of a body
const TOLERANCE = 300; // seconds that the clocks may differ, and that a webhook may be old
const REMEMBERED = 100_000; // ids; keep them with your data instead, so that they outlive this process

const secrets = (process.env.WEBHOOK_SECRET ?? "").split(/\s+/).filter(Boolean);
const keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
if (keys.some((key) => key.length < 24)) {
  console.error("WEBHOOK_SECRET holds what is no secret");
  process.exit(1);
}

const seen = new Set();
let highest = 0;

/** Store it, and return: answered with 2xx, it is yours. What takes long is for afterwards. */
function handle(event) {
  console.log(JSON.stringify(event));
}

function same(one, other) {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The id of a webhook that was signed with one of the keys less than five minutes ago; undefined of any other. */
function verified(headers, body) {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"] ?? "";
  const given = (headers["webhook-signature"] ?? "").split(" ").map((each) => Buffer.from(each, "latin1"));
  if (!id || !/^[0-9]{1,12}$/.test(timestamp)) return undefined;
  if (Math.abs(Math.floor(Date.now() / 1000) - Number(timestamp)) > TOLERANCE) return undefined;
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, "latin1"), body]);
  const good = keys.map((key) => Buffer.from("v1," + createHmac("sha256", key).update(signed).digest("base64")));
  return good.some((one) => given.some((other) => same(one, other))) ? id : undefined;
}

/** Handle it unless that was done; only what was handled is remembered. If yours is async, let one wait for another. */
function take(id, event) {
  if (seen.has(id)) return;
  const number = event.unitsequence ?? 0;
  if (highest > 0 && number > highest + 1) {
    console.log(JSON.stringify({ gap: { from: highest + 1, to: number - 1 } }));
  }
  handle(event);
  highest = Math.max(highest, number);
  seen.add(id);
  if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
}

/** The body's bytes as they came; undefined if they are too many. */
async function read(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > LIMIT) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function status(request) {
  if (request.method !== "POST") return 405;
  const body = await read(request);
  if (body === undefined) return 413;
  const id = verified(request.headers, body);
  if (id === undefined) return 401;
  let event;
  try {
    event = JSON.parse(body);
  } catch {
    return 400;
  }
  take(id, event);
  return 204;
}

const server = createServer({ requestTimeout: 10_000 }, async (request, response) => {
  const code = await status(request).catch(() => 500);
  response.writeHead(code, code === 413 ? { connection: "close" } : {}).end();
});
server.listen(Number(process.env.PORT ?? 8099), "127.0.0.1");
