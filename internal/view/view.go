// Package view is the JSON of the admin API: what the master tells and what it is asked.
//
// A view is a plain struct whose tags are the names on the wire. The server makes views of
// what the master knows (internal/present) and writes them with Encode; the client, and
// whoever else gets the API's JSON, reads the same structs. So there is one list of names.
//
// What is not known is null, and nil here, never a zero that could be taken for a fact. A
// member that an older master does not send is nil too, or has its zero value. Fields are
// added and never renamed. The package knows nothing of HTTP, nor of the master.
package view

import (
	"bytes"
	"encoding/json"
	"time"

	"rota/internal/printable"
)

// Instant is a time in RFC 3339, in UTC with milliseconds: always of the same width, so that
// instants sort as text. The zero time is null.
type Instant struct{ time.Time }

// At makes an instant of a time.
func At(t time.Time) Instant { return Instant{t} }

// MarshalJSON writes the time.
func (t Instant) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z07:00"`), nil
}

// Encode writes one line of JSON, without its end. A < stays as it is, because no page has
// JSON inside it and people read workers' output. What would move a terminal is escaped.
func Encode(view any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(view); err != nil {
		return nil, err
	}
	return printable.JSON(bytes.TrimSuffix(line.Bytes(), []byte("\n"))), nil
}

// Text is a text that may be null; "" stands for null.
func Text(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
