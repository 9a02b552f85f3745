// Talks to bookingd, and knows how far a booking has come. It shows nothing: form.html and BookingForm.jsx do.

import { SAY, daysAfter, locale, timeZone, today } from "./words.js";

const AT_ONCE = 14; // days that are asked for
const PAUSE = 300; // ms before a time is held, for who walks through the times by arrow keys
const TRIES = 4; // while the service is busy
const GONE = ["SLOT_TAKEN", "TOO_SOON", "TOO_FAR", "OUTSIDE_HOURS", "CAP_REACHED"];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What there is to show; `errors` by field. Later also `startTime`, which is chosen, and `booking`, which is made. */
export const BLANK = { days: [], day: "", zone: "", more: SAY.later, note: "", errors: {}, message: "", busy: false };

/**
 * A booking in the making: at `url`, with a publishable key. `serviceId` is needed where there are several services,
 * `duration` is in minutes. `show` gets what there is to show whenever it changes.
 */
export function bookingAt(url, key, { serviceId, duration }, show) {
  const Authorization = `Bearer ${key}`;
  let state = BLANK;
  let next; // the first day that is not known
  let hold = {}; // of a startTime, by a token; without one the time is booked all the same
  let last = {}; // what was sent last, and its Idempotency-Key
  let turn = Promise.resolve();

  const set = (change) => show((state = { ...state, ...change }));
  const wrongTime = (text) => ({ errors: { ...state.errors, "timeSlot.startTime": text } });
  /** One after the other, so that each begins with what the customer wants by then. */
  const inTurn = (work) => (turn = turn.then(work));

  async function ask(path, options, tries = 1) {
    try {
      const response = await fetch(url + path, options);
      const seconds = Number(response.headers.get("Retry-After"));
      if (!seconds || tries === 1) return { ok: response.ok, ...(response.status !== 204 && (await response.json())) };
      set({ message: SAY.busy(seconds) });
      await pause(seconds * 1000);
    } catch {
      return { message: SAY.unreachable };
    }
    return ask(path, options, tries - 1);
  }

  function post(path, details, more, tries) {
    const headers = { Authorization, "Content-Type": "application/json", ...more };
    return ask(path, { method: "POST", headers, body: JSON.stringify({ ...details, serviceId }) }, tries);
  }

  /** What is sent again is the same submission, even if its answer was lost: it is booked once. */
  function place(details) {
    const all = JSON.stringify(details);
    if (all !== last.all) last = { all, id: crypto.randomUUID() };
    return post("/api/bookings", details, { "Idempotency-Key": last.id }, TRIES);
  }

  async function letGo() {
    const { token } = hold;
    hold = {};
    if (token) await ask(`/api/holds/${token}`, { method: "DELETE", headers: { Authorization }, keepalive: true });
  }

  /** Show what is free from that day on; what was shown of days before it stays. */
  async function load(from) {
    const to = daysAfter(from, AT_ONCE - 1);
    next = from;
    const query = Object.entries({ from, to, timeZone, serviceId, duration }).filter(([, value]) => value);
    set({ startTime: undefined, note: SAY.looking });
    await letGo();
    const answer = await ask(`/api/slots?${new URLSearchParams(query)}`, {}, TRIES);
    if (!answer.ok) {
      const why = answer.errors?.length ? refusal(answer) : wrongTime(SAY.failed);
      return set({ more: SAY.again, note: "", message: "", ...why });
    }
    const free = answer.data.filter(({ slots }) => slots.length);
    const days = [...state.days.filter(({ date }) => date < from), ...free];
    const note = free.length ? "" : SAY.nothing(from, to);
    next = daysAfter(from, AT_ONCE);
    const day = (free[0] ?? days.at(-1))?.date ?? "";
    const shown = { days, day, startTime: undefined, zone: answer.timeZone };
    set({ ...shown, more: SAY.later, note, message: "", ...wrongTime("") });
  }

  /** For who comes back to the page: whoever left it has let go. */
  const keepAgain = () => inTurn(keep);

  async function lost() {
    await load(state.day);
    set(wrongTime(SAY.lost));
  }

  /** Hold the time that is chosen by now, and no other. */
  async function keep() {
    const { startTime, booking, zone } = state;
    if (startTime === hold.startTime || booking) return;
    await pause(PAUSE);
    if (startTime !== state.startTime) return;
    await letGo();
    if (!startTime) return;
    const answer = await post("/api/holds", { timeSlot: { startTime, duration } });
    hold = { startTime, token: answer.holdToken };
    if (startTime !== state.startTime) return;
    if (GONE.includes(answer.errorCode)) await lost();
    if (answer.ok) set({ note: SAY.kept(answer.expiresAt, zone) });
  }

  async function send(typed, missing) {
    const { startTime } = state;
    if (!startTime) return { errors: { ...missing, "timeSlot.startTime": SAY.choose } };
    const details = { ...typed, timeSlot: { startTime, duration }, timeZone, locale };
    let answer = await place({ ...details, holdToken: hold.token });
    if (answer.errorCode === "HOLD_EXPIRED") {
      hold.token = undefined; // the time may still be free
      answer = await place(details);
    }
    if (GONE.includes(answer.errorCode)) return lost();
    if (!answer.ok) return refusal(answer, missing);
    hold = {};
    return { booking: answer };
  }

  return {
    /** Begin; answers how to end. */
    open() {
      inTurn(() => load(today()));
      addEventListener("pagehide", letGo);
      addEventListener("pageshow", keepAgain);
      return () => {
        removeEventListener("pagehide", letGo);
        removeEventListener("pageshow", keepAgain);
        letGo();
      };
    },
    /** Show later days, too, or try again what has failed. */
    later: () => inTurn(() => load(next)),
    /** Choose another `day`, or `startTime`. */
    choose(change) {
      set({ startTime: undefined, note: "", ...wrongTime(""), ...change });
      inTurn(keep);
    },
    /** Book what was `typed`; `missing` is told, too, if that is refused. */
    book(typed, missing) {
      if (state.busy) return;
      set({ busy: true, errors: {}, message: "" });
      inTurn(async () => set({ busy: false, ...(await send(typed, missing)) }));
    },
  };
}

/** What was typed, as a booking has it; a control named "answers.Age" answers the question "Age". */
export function typedInto(form) {
  const details = {};
  for (const [name, text] of new FormData(form)) {
    const [part, ...label] = name.split(".");
    if (name === "time" || !text.trim()) continue;
    if (label.length) (details[part] ??= {})[label.join(".")] = text;
    else details[name] = text;
  }
  return details;
}

/** What the form requires and nobody has typed, by field. */
export function missingIn(form) {
  const empty = [...form.elements].filter(({ required, value }) => required && !value.trim());
  return Object.fromEntries(empty.map(({ name }) => [name, SAY.needed]));
}

function refusal({ message, errors = [] }, missing) {
  if (!errors.length) return { message };
  const wrong = errors.map((error) => [error.field, SAY.field(error)]);
  return { message: SAY.wrong, errors: { ...Object.fromEntries(wrong), ...missing } };
}
