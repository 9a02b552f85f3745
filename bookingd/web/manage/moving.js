// The choice of another time: a day, and one of its free times.

import * as api from "./api.js";
import { daysAfter } from "./clock.js";

const AT_ONCE = 28; // days that are asked for

/** Works the form in which a time is chosen. */
export function chooser(form) {
  const [day, times, zone, again] = ["day", "times", "zone", "again"].map((id) => form.querySelector(`#${id}`));
  let token, language, clock, next, days;

  /** Show what is free; whoever has chosen a day before is on it again. */
  async function start(told, ...given) {
    const before = day.value;
    [token, language, clock] = given;
    zone.textContent = language.word("zoned", { zone: clock.zone });
    again.hidden = !told.service.needsConfirmation || told.booking.status === "PENDING";
    days = [];
    next = clock.today();
    do await later();
    while (next <= before);
    if (days.some(({ date }) => date === before)) {
      day.value = before;
      list();
    }
  }

  /** Offer the next days, too, until there is one with a free time or far is far enough. */
  async function later() {
    const from = next;
    const to = daysAfter(from, AT_ONCE - 1);
    const found = await api.slots(token, clock.zone, from, to);
    next = daysAfter(from, AT_ONCE);
    days.push(...found);
    offer(found[0]?.date, { from, to });
  }

  /** Show the days, and the times of the first that is new. */
  function offer(first, { from, to }) {
    day.replaceChildren(...days.map(({ date }) => new Option(clock.day(date), date, false, date === first)));
    day.disabled = !days.length;
    if (first || !days.length) list();
    if (!first) {
      const none = language.word("noTimes", { from: clock.day(from), to: clock.day(to) });
      times.append(paragraph(none));
    }
  }

  function list() {
    const slots = days.find(({ date }) => date === day.value)?.slots ?? [];
    const names = clock.times(slots);
    times.replaceChildren(...slots.map((slot, at) => radio(slot.startTime, names[at])));
  }

  day.addEventListener("change", list);
  return { start, later, chosen: () => new FormData(form).get("time") };
}

function radio(value, name) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "time", value, required: true });
  label.append(input, name);
  return label;
}

function paragraph(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}
