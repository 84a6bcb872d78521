/** Calendar days as "2022-01-02". There is no time zone in any of these functions. */
export type Day = string;

/** The days accepted from outside; the margin to year 9999 leaves room for due dates. */
export const firstDay: Day = '1900-01-01';
export const lastDay: Day = '2999-12-31';

/** Does this day exist in the calendar, between firstDay and lastDay? */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text < firstDay || text > lastDay) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text;
}

export function addDays(day: Day, days: number): Day {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The UTC day of an instant: the default of dates that a request leaves out. */
export const dayOf = (instant: string): Day => instant.slice(0, 10);
