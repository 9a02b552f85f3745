// The page on which a customer sees, moves and cancels a booking. Whatever it shows is set as text.

import * as api from "./api.js";
import { clockOf } from "./clock.js";
import { chooser } from "./moving.js";
import { speaking } from "./words.js";

const NOT_AS_SHOWN = new Set(["SLOT_TAKEN", "TOO_SOON", "TOO_FAR", "OUTSIDE_HOURS", "CAP_REACHED", "INVALID_TRANSITION"]);

const find = (id) => document.getElementById(id);
const heading = document.querySelector("h1");
const choice = chooser(find("moving"));

let token = null; // of the link
let told = null; // what the daemon said last
let language = null;
let clock = null;

function speak(tags) {
  language = speaking(tags);
  document.documentElement.lang = language.tag;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = language.word(element.dataset.word);
  }
}

function title(name) {
  document.title = heading.textContent = language.word(name);
}

/** Say something good or bad; whoever cannot see it hears it. */
function say(news = "", fault = "") {
  find("news").textContent = news;
  find("fault").textContent = fault;
}

function open() {
  token = api.tokenOf(location.hash);
  speak(navigator.languages);
  hide();
  title("title");
  if (!token) return say("", language.word("noLink"));
  say(language.word("loading"));
  busy(async () => {
    show(await api.read(token));
    say();
  });
}

function hide() {
  find("booking").hidden = find("moving").hidden = true;
}

/**
 * Do something that takes a while: nothing can be pressed meanwhile. What it answers gets the focus, and what went
 * wrong is seen, however far down it was pressed.
 */
async function busy(work) {
  const before = document.activeElement;
  const desk = find("desk");
  let target;
  desk.inert = true;
  try {
    target = await work();
  } catch (refusal) {
    if (!(refusal instanceof api.Refusal)) throw refusal;
    target = await refused(refusal);
  } finally {
    desk.inert = false;
  }
  (target ?? before).focus();
  find("fault").scrollIntoView({ block: "nearest" });
}

async function refused(refusal) {
  try {
    if (NOT_AS_SHOWN.has(refusal.code)) await lookAgain();
  } catch (another) {
    if (another.code === "NOT_FOUND") return dead();
  }
  if (refusal.code === "NOT_FOUND") return dead();
  say("", reason(refusal));
}

/** Show how it stands by now, and what is free by now if another time is being chosen. */
async function lookAgain() {
  const moving = !find("moving").hidden;
  show(await api.read(token));
  if (moving && told.mayMove) await choose();
}

function reason({ code, seconds, id }) {
  if (!code) return language.word("noAnswer");
  if (language.knows(code)) return language.word(code, { seconds });
  if (NOT_AS_SHOWN.has(code)) return language.word(told.mayMove ? "notFree" : "tooLate");
  return language.word("failed", { id });
}

function dead() {
  hide();
  title("deadLink");
  say("", language.word("deadLinkWhy"));
  return heading;
}

function show(answer) {
  told = answer;
  const { booking, timeZone } = told;
  speak([booking.locale, ...navigator.languages]);
  clock = clockOf(language.tag, timeZone);
  title("title");
  find("booking").dataset.status = booking.status;
  find("standing").textContent = language.word(booking.status);
  find("booking").querySelector("dl").replaceChildren(...details(told));
  find("until").textContent = until(told);
  find("move").hidden = !told.mayMove;
  find("cancel").hidden = !told.mayCancel;
  find("booking").hidden = false;
  fold();
}

function until({ booking, changeableUntil, mayCancel }) {
  if (mayCancel) return language.word("until", { when: clock.when(changeableUntil) });
  return ["PENDING", "CONFIRMED"].includes(booking.status) ? language.word("tooLate") : "";
}

function details({ booking, service, resource }) {
  const rows = [
    [language.word("when"), clock.span(booking.startTime, booking.endTime)],
    [language.word("service"), service.name],
    [language.word("resource"), resource.name],
    [language.word("price"), service.price],
    ...["name", "email", "company", "phone"].map((name) => [language.word(name), booking[name]]),
    ...Object.entries(booking.answers).map(([question, answer]) => [question, said(answer)]),
    [language.word("inquiry"), booking.inquiry],
  ];
  return rows.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", name), element("dd", value)]);
}

/** An answer to a question of yes or no, as people say it. */
function said(answer) {
  return ["yes", "no"].includes(answer) ? language.word(answer) : answer;
}

function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  made.dir = "auto";
  return made;
}

/** Show what has become of the booking, of which the link is another one now. */
function changed(answer, news) {
  token = api.tokenOf(new URL(answer.manageUrl).hash);
  history.replaceState(null, "", `#${token}`);
  show(answer);
  say(language.word(news));
  return heading;
}

/** Show the choice of another time, or put it away. */
function fold(shown = false) {
  find("moving").hidden = !shown;
  find("move").setAttribute("aria-expanded", shown);
}

async function choose() {
  await choice.start(told, token, language, clock);
  fold(true);
  return find("moving-title");
}

find("move").addEventListener("click", () => {
  say();
  if (find("moving").hidden) busy(choose);
  else fold();
});

find("later").addEventListener("click", () => busy(choice.later));

find("moving").addEventListener("submit", (event) => {
  event.preventDefault();
  const timeSlot = { startTime: choice.chosen(), duration: told.booking.duration };
  busy(async () => {
    const answer = await api.move(token, timeSlot);
    return changed(answer, answer.booking.status === "PENDING" ? "requested" : "moved");
  });
});

find("cancel").addEventListener("click", () => {
  const { startTime, endTime } = told.booking;
  say();
  find("asking").returnValue = "keep";
  find("asking-when").textContent = clock.span(startTime, endTime);
  find("asking").showModal();
});

find("asking").addEventListener("close", () => {
  if (find("asking").returnValue !== "cancel") return;
  busy(async () => changed(await api.cancel(token, find("reason").value.trim()), "cancelled"));
});

addEventListener("hashchange", open);
open();
