import { useEffect, useRef, useState } from "react";
import { BLANK, bookingAt, missingIn, typedInto } from "./booking.js";
import { SAY, dayName, timesOf, wholeMessage } from "./words.js";
import "./form.css";

const FIELDS = ["timeSlot.startTime", "name", "email", "company", "phone", "inquiry"];

/** A booking form. `url` is where bookingd answers, `publishableKey` one of its keys, `duration` is in minutes. */
export default function BookingForm({ url, publishableKey, serviceId, duration = 30 }) {
  const [state, setState] = useState(BLANK);
  const [booking] = useState(() => bookingAt(url, publishableKey, { serviceId, duration }, setState));
  const form = useRef(null);
  const { errors, busy } = state;

  useEffect(() => booking.open(), [booking]);
  useEffect(goToWrong, [busy]);
  useEffect(() => {
    if (document.activeElement === document.body) goToWrong(); // from a time that is lost
  }, [errors]);

  function goToWrong() {
    form.current?.querySelector('[aria-invalid="true"]')?.focus();
  }

  function submit(event) {
    event.preventDefault();
    booking.book(typedInto(event.currentTarget), missingIn(event.currentTarget));
  }

  if (state.booking) return <Thanks {...state} />;
  return (
    <main className="booking">
      <h1>Book an appointment</h1>
      <form ref={form} onSubmit={submit} noValidate>
        <When state={state} booking={booking} />
        <Field name="name" label="Name" error={errors.name} autoComplete="name" required />
        <Field name="email" label="E-mail" error={errors.email} type="email" autoComplete="email" required />
        <Field name="company" label="Company" error={errors.company} autoComplete="organization" required />
        <Field name="phone" label="Phone" error={errors.phone} type="tel" autoComplete="tel" />
        <Field as="textarea" name="inquiry" label="What is it about?" error={errors.inquiry} rows="3" />
        <p role="alert">{wholeMessage(state, FIELDS)}</p>
        <button aria-disabled={busy}>Book</button>
      </form>
    </main>
  );
}

function When({ state, booking }) {
  const error = state.errors["timeSlot.startTime"];
  const both = described("timeSlot.startTime", error);
  return (
    <>
      <p>
        <label htmlFor="day">Day</label>
        <select
          id="day"
          value={state.day}
          onChange={(event) => booking.choose({ day: event.target.value })}
          disabled={!state.days.length}
          {...both}
        >
          {state.days.map(({ date }) => <option key={date} value={date}>{dayName(date)}</option>)}
        </select>
        <button type="button" className="quiet" onClick={booking.later}>{state.more}</button>
      </p>
      <fieldset role="radiogroup" {...both}>
        <legend>Time <small>{state.zone && `(times in ${state.zone})`}</small></legend>
        <div id="times">
          {timesOf(state).map(([startTime, name]) => (
            <label key={startTime}>
              <input
                type="radio"
                name="time"
                checked={startTime === state.startTime}
                onChange={() => booking.choose({ startTime })}
              />
              {name}
            </label>
          ))}
        </div>
        <FieldError field="timeSlot.startTime" error={error} />
        <span role="status">{state.note}</span>
      </fieldset>
    </>
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

function FieldError({ field, error }) {
  return <span className="error" id={`${field}-error`} aria-live="polite">{error}</span>;
}

const described = (field, error) => ({ "aria-invalid": Boolean(error), "aria-describedby": `${field}-error` });

function Thanks({ booking, zone }) {
  const thanks = useRef(null);
  useEffect(() => thanks.current.focus(), []);
  return (
    <main className="booking">
      <h1>Book an appointment</h1>
      <p className="thanks" tabIndex={-1} ref={thanks}>{SAY.thanks(booking, zone)}</p>
    </main>
  );
}
