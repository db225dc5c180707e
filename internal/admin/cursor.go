package admin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// cursor says where a page ended: at the key and the id of its last row. That is enough to continue in a new listing,
// because in a fixed order no row changes its place. To clients it is opaque, but it is no secret.
type cursor struct {
	Order  string `json:"o"`
	Number int64  `json:"n,omitempty"`
	Text   string `json:"t,omitempty"`
	ID     uint64 `json:"i"`
}

func (c cursor) key() sortKey { return sortKey{c.Number, c.Text} }

func (o order) cursorAt(r row) string {
	encoded, _ := json.Marshal(cursor{o.name, r.key.number, r.key.text, r.connection.Cookie}) // cannot fail
	return base64.RawURLEncoding.EncodeToString(encoded)
}

func readCursor(text string, o order) (*cursor, error) {
	if !o.fixed {
		return nil, badField("cursor", "sorted by %s there are no pages, because connections change their places between them; "+
			"ask for up to %d at once with limit, or sort by %s", strings.TrimPrefix(o.name, "-"), mostConnections, strings.Join(fixedFields(), ", "))
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	decoder := json.NewDecoder(bytes.NewReader(decoded))
	decoder.DisallowUnknownFields()
	var c cursor
	if err != nil || decoder.Decode(&c) != nil || decoder.More() || c.Order != o.name {
		return nil, foreignCursor(text)
	}
	return &c, nil
}

func foreignCursor(text string) error {
	return badField("cursor", "%.60q is not of this listing; take the one that came as next, with the same sort and filters", text)
}
