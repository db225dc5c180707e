// Values as text. All functions here are pure; an unknown value is a dash.

export const UNKNOWN = '–';

const grouped = new Intl.NumberFormat('en');
const known = (value) => value !== null && value !== undefined && value !== '';

export const text = (value) => (known(value) ? String(value) : UNKNOWN);
export const count = (value) => (known(value) ? grouped.format(value) : UNKNOWN);
export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

// visible escapes the characters that hide or reorder others, such as \u202e: workers and clients write
// some of the texts.
export const visible = (value) => String(value).replace(/(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
  const code = character.codePointAt(0);
  return code < 0x80 ? `\\x${hex(code, 2)}` : code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
});

const hex = (code, digits) => code.toString(16).padStart(digits, '0');

// elapsed is for a time that is over: "0.84 s", "12.3 s", "3 min 5 s".
export function elapsed(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return UNKNOWN;
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  return age(Math.max(seconds, 60));
}

// age is for a time that goes on: whole seconds, or the two largest units.
export function age(seconds) {
  if (!Number.isFinite(seconds)) return UNKNOWN;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function bytes(n) {
  if (!known(n)) return UNKNOWN;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

// clock is the local time of day, with the date in front of it unless that is today.
export function clock(date, { milliseconds = false } = {}) {
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  const two = (n) => String(n).padStart(2, '0');
  let time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (milliseconds) time += `.${String(date.getMilliseconds()).padStart(3, '0')}`;
  if (date.toDateString() === new Date().toDateString()) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}
