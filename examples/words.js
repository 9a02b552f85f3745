// What the form says, and how it tells days and times. To have it in another language, translate this file.

export const SAY = {
  later: "Show later days",
  again: "Try again",
  looking: "Looking for free times …",
  nothing: (from, to) => `Nothing is free from ${dayName(from)} to ${dayName(to)}.`,
  kept: (until, zone) => `Kept for you until ${timeName(until, zone)}.`,
  failed: "The free times cannot be shown. Please try again.",
  choose: "Please choose a time.",
  needed: "Is needed.",
  field: ({ field, message }) => message, // what the daemon says of a field, in English
  lost: "This time is no longer free. Please choose another.",
  wrong: "This is not booked yet. Please look at what is wrong.",
  busy: (seconds) => `Many people are booking. We try again in ${seconds} seconds.`,
  unreachable: "The service cannot be reached. Please try again: you will not be booked twice.",
  thanks({ name, email, startTime, status }, zone) {
    const when = `${written(startTime, { dateStyle: "full", timeStyle: "short", timeZone: zone })} (${zone})`;
    const booked = status === "PENDING" ? `You asked for ${when}; we will confirm it.` : `We expect you on ${when}.`;
    return `Thank you, ${name}. ${booked} A mail is on its way to ${email}.`;
  },
};

const found = Intl.DateTimeFormat().resolvedOptions().timeZone;
const page = document.documentElement.lang;

/** The customer's own zone, of the IANA database, or undefined where the browser cannot tell. */
export const timeZone = found === "Etc/Unknown" ? undefined : found;

/** The language of the page, as it is written where the customer lives: "en-GB" for "en". */
export const locale = navigator.languages.find((one) => one.startsWith(page)) ?? page;

const written = (instant, style) => new Intl.DateTimeFormat(locale, style).format(new Date(instant));
const timeName = (instant, timeZone) => written(instant, { timeStyle: "short", timeZone });

/** Days are written as 2027-03-28. */
export const dayName = (day) => written(day, { dateStyle: "full", timeZone: "UTC" });
export const today = () => new Intl.DateTimeFormat("sv", { timeZone }).format(new Date());
export const daysAfter = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/** The free times of the day that is shown: [startTime, name]. What the clock shows twice is told with its offset. */
export function timesOf({ days, day, zone }) {
  const starts = days.find(({ date }) => date === day)?.slots.map(({ startTime }) => startTime) ?? [];
  const names = starts.map((start) => timeName(start, zone));
  const twice = (name) => names.indexOf(name) !== names.lastIndexOf(name);
  return starts.map((start, at) => [start, twice(names[at]) ? `${names[at]} (UTC${start.slice(19)})` : names[at]]);
}

/** The message, and with it what is wrong with fields that a form which shows `fields` has no place for. */
export function wholeMessage({ message, errors }, fields) {
  const others = Object.entries(errors).filter(([field]) => !fields.includes(field));
  return [message, ...others.map(([field, wrong]) => `${field}: ${wrong}`)].filter(Boolean).join(" ");
}
