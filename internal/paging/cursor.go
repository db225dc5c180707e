package paging

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

// Cursor says where a page ended: at the key and the id of its last row. That is enough to continue in a new listing,
// because in a fixed order no row changes its place. To clients it is opaque, but it is no secret.
type Cursor struct {
	Order  string `json:"o"`
	Number int64  `json:"n,omitempty"`
	Text   string `json:"t,omitempty"`
	ID     uint64 `json:"i"`
}

func (c Cursor) key() sortKey { return sortKey{c.Number, c.Text} }

func (o Order) cursorAt(r row) string {
	encoded, _ := json.Marshal(Cursor{o.name, r.key.number, r.key.text, r.connection.Cookie}) // cannot fail
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// ReadCursor reads a cursor of the order. It reports whether it is one.
func ReadCursor(text string, o Order) (*Cursor, bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	decoder := json.NewDecoder(bytes.NewReader(decoded))
	decoder.DisallowUnknownFields()
	var c Cursor
	if err != nil || decoder.Decode(&c) != nil || decoder.More() || c.Order != o.name {
		return nil, false
	}
	return &c, true
}
