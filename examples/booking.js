// Talks to bookingd, and shows nothing: form.html and BookingForm.jsx do.

const TRIES = 4;

/** The customer's own zone, of the IANA database, or undefined where the browser cannot tell. */
const found = Intl.DateTimeFormat().resolvedOptions().timeZone;
const timeZone = found === "Etc/Unknown" ? undefined : found;
export const zoneName = timeZone ?? "your own time";

/** The language of the page, as it is written where the customer lives: "en-GB" for "en". */
const page = document.documentElement.lang;
const locale = navigator.languages.find((one) => one.startsWith(page)) ?? page;

/** An instant as the customer's clock shows it. */
export function clockTime(instant) {
  const style = { dateStyle: "full", timeStyle: "short", timeZone };
  return new Intl.DateTimeFormat(locale, style).format(new Date(instant));
}

/** What to tell a customer who has booked. */
export function thanksFor({ name, email, startTime, status }) {
  const when = `${clockTime(startTime)} (${zoneName})`;
  const booked = status === "PENDING" ? `You asked for ${when}; we will confirm it.` : `We expect you on ${when}.`;
  return `Thank you, ${name}. ${booked} A mail is on its way to ${email}.`;
}

/** The instant that a day and a time mean in the customer's zone, or null: an hour is left out in spring. */
export function instantOf(day, time) {
  const found = new Date(`${day}T${time}`);
  return time && found.toTimeString().startsWith(time) ? found.toISOString() : null;
}

/**
 * A function that places bookings at `url` with a publishable key. It answers {booking}, or what went wrong:
 * {message, errors, alternatives}, where `errors` has messages by field, and `alternatives` are free slots.
 * `onWait` is told the seconds when the service is busy and the same request is about to be sent again.
 */
export function bookingsAt(url, key) {
  let last = {};
  return async function place(details, onWait = () => {}) {
    const body = JSON.stringify({ ...details, timeZone, locale });
    // What is sent again is the same submission, even if its answer was lost: it is booked once.
    if (body !== last.body) last = { body, id: crypto.randomUUID() };
    const headers = {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      "Idempotency-Key": last.id,
    };
    try {
      const response = await patiently(() => fetch(`${url}/api/bookings`, { method: "POST", headers, body }), onWait);
      const answer = await response.json();
      return response.ok ? { booking: answer } : refusal(answer);
    } catch {
      return refusal({ message: "The service cannot be reached. Please send again: you will not be booked twice." });
    }
  };
}

/** The answer that does not ask to come back later (429, 503), or the last one. */
async function patiently(send, onWait) {
  for (let tries = 1; ; tries++) {
    const response = await send();
    const seconds = Number(response.headers.get("Retry-After"));
    if (!seconds || tries === TRIES) return response;
    onWait(seconds);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

/** The one error body of bookingd, as a form needs it. */
function refusal({ message, errors = [], nextAvailable = [] }) {
  if (errors.length) message = "This is not booked yet. Please look at what is wrong.";
  if (nextAvailable.length) message += " These times are free:";
  return {
    message,
    errors: Object.fromEntries(errors.map((error) => [error.field, error.message])),
    alternatives: nextAvailable,
  };
}

/** A message, and with it what is wrong with fields that a form which shows `fields` has no place for. */
export function wholeMessage(message, errors, fields) {
  const others = Object.entries(errors).filter(([field]) => !fields.includes(field));
  return [message, ...others.map(([field, wrong]) => `${field}: ${wrong}`)].filter(Boolean).join(" ");
}
