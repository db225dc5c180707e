package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// How values look in tables and sentences.

// table writes rows below each other, their cells separated by tabs.
func table(w io.Writer, write func(io.Writer)) {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	write(out)
	out.Flush()
}

const unknown = "-"

func number[T any](n *T) string {
	if n == nil {
		return unknown
	}
	return fmt.Sprint(*n)
}

// numberOr is a dash for a zero that stands for nothing.
func numberOr(n int) string {
	if n == 0 {
		return unknown
	}
	return fmt.Sprint(n)
}

func mebibytes(bytes *uint64) string {
	if bytes == nil {
		return unknown
	}
	return fmt.Sprintf("%.1f MiB", float64(*bytes)/(1<<20))
}

func cpuTime(seconds *float64) string {
	if seconds == nil {
		return unknown
	}
	return fmt.Sprintf("%.2f s", *seconds)
}

func milliseconds(ms *int64) string {
	if ms == nil {
		return unknown
	}
	return short(time.Duration(*ms) * time.Millisecond)
}

// short is a duration with about three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func age(since time.Time) string {
	if since.IsZero() {
		return unknown
	}
	return time.Since(since).Truncate(time.Second).String()
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

func day(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// cell is a text that can't break its table.
func cell(text string) string {
	if text == "" {
		return unknown
	}
	return strings.ReplaceAll(text, "\t", " ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
