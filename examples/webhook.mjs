// Is called by bookingd, and says what happened. Needs nothing but Node.js.
//
// WEBHOOK_SECRET=whsec_... node webhook.mjs 9000

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const TOLERANCE = 5 * 60;

/** Whether whoever knows the secret made this call, within the last minutes. */
function genuine(secret, headers, body) {
  const id = headers["webhook-id"], timestamp = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
  const expected = Buffer.from(`v1,${digest.digest("base64")}`);
  return (headers["webhook-signature"] ?? "").split(" ").map((one) => Buffer.from(one))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts); // the signature is of these very bytes
  const known = genuine(process.env.WEBHOOK_SECRET, request.headers, body);
  if (known) {
    const event = JSON.parse(body);
    // May come twice: whoever acts on it remembers the ids that were seen.
    console.log(request.headers["webhook-id"], event.type, event.data.id);
  }
  response.writeHead(known ? 204 : 401).end();
}).listen(Number(process.argv[2]), "127.0.0.1");
