import assert from 'node:assert/strict';
import { test } from 'node:test';

import { age, bytes, clock, count, elapsed, plural, text, UNKNOWN, visible } from '../format.js';

test('an unknown value is a dash', () => {
  for (const value of [null, undefined, '']) {
    assert.equal(text(value), UNKNOWN);
    assert.equal(count(value), UNKNOWN);
    assert.equal(bytes(value), UNKNOWN);
  }
  assert.equal(elapsed(NaN), UNKNOWN);
  assert.equal(elapsed(-1), UNKNOWN);
  assert.equal(age(NaN), UNKNOWN);
  assert.equal(clock(new Date('never')), UNKNOWN);
});

test('zero is known', () => {
  assert.equal(text(0), '0');
  assert.equal(count(0), '0');
  assert.equal(bytes(0), '0 B');
  assert.equal(elapsed(0), '0 s');
  assert.equal(age(0), '0 s');
});

test('counts group their digits and agree with their noun', () => {
  assert.equal(count(1234567), '1,234,567');
  assert.equal(plural(0, 'slot'), '0 slots');
  assert.equal(plural(1, 'slot'), '1 slot');
  assert.equal(plural(1000, 'slot'), '1,000 slots');
});

test('a time that is over has two digits below ten seconds', () => {
  assert.equal(elapsed(0.8412), '0.84 s');
  assert.equal(elapsed(9.94), '9.9 s');
  assert.equal(elapsed(12.34), '12.3 s');
  assert.equal(elapsed(59.94), '59.9 s');
  assert.equal(elapsed(59.96), '1 min 0 s');
  assert.equal(elapsed(185), '3 min 5 s');
});

test('an age has its two largest units', () => {
  assert.equal(age(59.9), '59 s');
  assert.equal(age(60), '1 min 0 s');
  assert.equal(age(3_599), '59 min 59 s');
  assert.equal(age(3_661), '1 h 1 min');
  assert.equal(age(90_000), '1 d 1 h');
});

test('an age is never negative, whatever the clocks say', () => {
  assert.equal(age(-5), '0 s');
});

test('bytes have the unit that keeps them short', () => {
  assert.equal(bytes(1023), '1023 B');
  assert.equal(bytes(1024), '1.0 KiB');
  assert.equal(bytes(10.5 * 1024 ** 2), '10.5 MiB');
  assert.equal(bytes(100 * 1024 ** 2), '100 MiB');
  assert.equal(bytes(3 * 1024 ** 5), '3072 TiB');
});

test('the clock has a date unless that is today', () => {
  const today = new Date();
  today.setHours(7, 8, 9, 12);
  assert.equal(clock(today), '07:08:09');
  assert.equal(clock(today, { milliseconds: true }), '07:08:09.012');
  assert.equal(clock(new Date(2001, 1, 3, 4, 5, 6)), '2001-02-03 04:05:06');
});

test('characters that hide or reorder others are escaped', () => {
  assert.equal(visible('\u001b[2J'), '\\x1b[2J');
  assert.equal(visible('\u202egnp.exe'), '\\u202egnp.exe');
  assert.equal(visible('\u{e0041}'), '\\U000e0041');
  assert.equal(visible('a\tb\nc – 漢字'), 'a\tb\nc – 漢字');
});
