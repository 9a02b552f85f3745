// Instants as the customer's clock shows them.

const DAY = 24 * 60 * 60 * 1000;

/** Writes instants for a language tag, in a zone of the IANA database. */
export function clockOf(tag, timeZone) {
  const zone = known(timeZone) ? timeZone : "UTC";
  const style = (options) => new Intl.DateTimeFormat(tag, { ...options, timeZone: zone });
  const time = style({ timeStyle: "short" });
  const both = style({ dateStyle: "full", timeStyle: "short" });
  const calendar = new Intl.DateTimeFormat(tag, { dateStyle: "full", timeZone: "UTC" });
  return {
    zone,
    when: (instant) => `${both.format(new Date(instant))} (${zone})`,
    span: (start, end) => `${both.formatRange(new Date(start), new Date(end))} (${zone})`,
    day: (day) => calendar.format(new Date(day)),
    today: () => new Intl.DateTimeFormat("sv", { timeZone: zone }).format(new Date()),
    /** The times of one day's slots. One that the clock shows twice is told with its offset. */
    times(slots) {
      const names = slots.map((slot) => time.format(new Date(slot.startTime)));
      const twice = (name) => names.filter((one) => one === name).length > 1;
      return names.map((name, at) => (twice(name) ? `${name} (${offset(slots[at].startTime)})` : name));
    },
  };
}

/** The day so many days later; days are written as 2027-03-28. */
export function daysAfter(day, days) {
  return new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);
}

const offset = (startTime) => `UTC${/(Z|[+-]\d\d:\d\d)$/.exec(startTime)[1].replace("Z", "")}`;

function known(timeZone) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone }));
  } catch {
    return false;
  }
}
