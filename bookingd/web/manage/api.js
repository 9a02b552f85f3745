// Talks to bookingd about one booking; the link's token is the key.

/** What the daemon refused: its code, the seconds to wait, the id of the request. `code` is empty without an answer. */
export class Refusal extends Error {
  constructor(code, headers) {
    super(code);
    this.code = code;
    this.seconds = headers?.get("Retry-After");
    this.id = headers?.get("X-Request-Id");
  }
}

/** The token of a link's fragment, or null; a mail program may have taken more for the link than was. */
export function tokenOf(fragment) {
  return /^#([A-Za-z0-9_-]{48})(?![A-Za-z0-9_-])/.exec(fragment)?.[1] ?? null;
}

export const read = (token) => ask(`api/manage/${token}`);
export const cancel = (token, reason) => ask(`api/manage/${token}/cancel`, reason ? { reason } : {});
export const move = (token, timeSlot) => ask(`api/manage/${token}/move`, { timeSlot });

/** Where the booking could be moved to, by day; of some days those that have a free time. */
export async function slots(token, timeZone, from, to) {
  const query = new URLSearchParams({ timeZone, from, to });
  return (await ask(`api/manage/${token}/slots?${query}`)).data.filter((day) => day.slots.length);
}

async function ask(path, body) {
  const options = { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
  if (body) {
    Object.assign(options, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }
  let response, answer;
  try {
    response = await fetch(path, options);
    answer = await response.json();
  } catch {
    throw new Refusal("");
  }
  if (!response.ok) throw new Refusal(answer.errorCode, response.headers);
  return answer;
}
