import { useEffect, useRef, useState } from "react";
import { bookingsAt, clockTime, instantOf, thanksFor, wholeMessage, zoneName } from "./booking.js";
import "./form.css";

const FIELDS = ["name", "email", "company", "phone", "timeSlot.startTime", "inquiry"];

/** A booking form. `url` is where bookingd answers, `publishableKey` one of its keys, `duration` is in minutes. */
export default function BookingForm({ url, publishableKey, duration = 30 }) {
  const [answer, setAnswer] = useState({});
  const [sending, setSending] = useState(false);
  const form = useRef(null);
  const place = useRef(null);
  place.current ??= bookingsAt(url, publishableKey);

  useEffect(() => {
    form.current?.querySelector('[aria-invalid="true"], [role="group"] button')?.focus();
  }, [answer]);

  async function book(startTime) {
    if (!startTime) return setAnswer({ errors: { "timeSlot.startTime": "Choose a day, and a time that it has." } });
    const { day, time, ...texts } = Object.fromEntries(
      [...new FormData(form.current)].filter(([, text]) => text.trim()),
    );
    setAnswer({});
    setSending(true);
    const found = await place.current({ ...texts, timeSlot: { startTime, duration } }, (seconds) =>
      setAnswer({ message: `Many people are booking. We try again in ${seconds} seconds.` }),
    );
    setSending(false);
    setAnswer(found);
  }

  function submit(event) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    book(instantOf(fields.get("day"), fields.get("time")));
  }

  const { booking, message, errors = {}, alternatives = [] } = answer;
  if (booking) return <Thanks booking={booking} />;
  return (
    <main className="booking">
      <h1>Book an appointment</h1>
      <form ref={form} onSubmit={submit} noValidate>
        <Field name="name" label="Name" error={errors.name} autoComplete="name" required />
        <Field name="email" label="E-mail" error={errors.email} type="email" autoComplete="email" required />
        <Field name="company" label="Company" error={errors.company} autoComplete="organization" required />
        <Field name="phone" label="Phone" error={errors.phone} type="tel" autoComplete="tel" />
        <When error={errors["timeSlot.startTime"]} />
        <Field as="textarea" name="inquiry" label="What is it about?" error={errors.inquiry} rows="3" />
        <p role="alert" id="message">{wholeMessage(message, errors, FIELDS)}</p>
        <div role="group" aria-labelledby="message">
          {alternatives.map(({ startTime }) => (
            <button type="button" key={startTime} onClick={() => book(startTime)}>{clockTime(startTime)}</button>
          ))}
        </div>
        <button disabled={sending}>Book</button>
      </form>
    </main>
  );
}

function Field({ as: Control = "input", name, label, error, required, ...attributes }) {
  return (
    <p>
      <label htmlFor={name}>{label} {!required && <small>(optional)</small>}</label>
      <Control id={name} name={name} required={required} {...described(name, error)} {...attributes} />
      <FieldError field={name} error={error} />
    </p>
  );
}

function When({ error }) {
  const both = { required: true, ...described("timeSlot.startTime", error) };
  return (
    <fieldset>
      <legend>When <small>(times in {zoneName})</small></legend>
      <label htmlFor="day">Day</label>
      <input id="day" name="day" type="date" {...both} />
      <label htmlFor="time">Time</label>
      <input id="time" name="time" type="time" {...both} />
      <FieldError field="timeSlot.startTime" error={error} />
    </fieldset>
  );
}

function FieldError({ field, error }) {
  return <span className="error" id={`${field}-error`} aria-live="polite">{error}</span>;
}

const described = (field, error) => ({ "aria-invalid": Boolean(error), "aria-describedby": `${field}-error` });

function Thanks({ booking }) {
  const thanks = useRef(null);
  useEffect(() => thanks.current.focus(), []);
  return (
    <main className="booking">
      <h1>Book an appointment</h1>
      <p className="thanks" tabIndex={-1} ref={thanks}>{thanksFor(booking)}</p>
    </main>
  );
}
