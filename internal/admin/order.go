package admin

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"rota/internal/kernel"
	"rota/internal/master"
)

// order sorts connections by one field, and by id where that is equal, so that every page
// goes on exactly where the one before it ended.
type order struct {
	name       string // as given, with its sign
	descending bool
	key        func(*master.Connection) sortKey
}

// sortKey is a field's value: numbers use the one, texts the other. -1 is an unknown number
// and comes before the known ones.
type sortKey struct {
	number int64
	text   string
}

type row struct {
	key        sortKey
	connection *master.Connection
}

func (o order) compare(a sortKey, aID uint64, b sortKey, bID uint64) int {
	c := cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.text, b.text))
	c = cmp.Or(c, cmp.Compare(aID, bID))
	if o.descending {
		return -c
	}
	return c
}

func text(read func(*master.Connection) string) func(*master.Connection) sortKey {
	return func(c *master.Connection) sortKey { return sortKey{text: read(c)} }
}

func number(read func(*kernel.TCPInfo) int64) func(*master.Connection) sortKey {
	return func(c *master.Connection) sortKey {
		if c.TCP == nil {
			return sortKey{number: -1}
		}
		return sortKey{number: read(c.TCP)}
	}
}

var sortKeys = map[string]func(*master.Connection) sortKey{
	"id":         func(*master.Connection) sortKey { return sortKey{} }, // which is what settles it then
	"worker_id":  text(func(c *master.Connection) string { return c.WorkerID }),
	"listener":   text(func(c *master.Connection) string { return c.Listener }),
	"remote":     text(func(c *master.Connection) string { return c.Remote }),
	"local":      text(func(c *master.Connection) string { return c.Local }),
	"tcp_state":  text(func(c *master.Connection) string { return c.TCPState }),
	"state":      text(connectionState),
	"idle_ms":    number(func(t *kernel.TCPInfo) int64 { return t.Idle.Milliseconds() }),
	"bytes_in":   number(func(t *kernel.TCPInfo) int64 { return int64(t.BytesIn) }),
	"bytes_out":  number(func(t *kernel.TCPInfo) int64 { return int64(t.BytesOut) }),
	"rtt_us":     number(func(t *kernel.TCPInfo) int64 { return t.RTT.Microseconds() }),
	"recv_queue": func(c *master.Connection) sortKey { return sortKey{number: int64(c.RecvQueue)} },
	"send_queue": func(c *master.Connection) sortKey { return sortKey{number: int64(c.SendQueue)} },
}

func readOrder(q query) (order, error) {
	name, given := q["sort"]
	if !given {
		name = "id"
	}
	field, descending := strings.CutPrefix(name, "-")
	key, ok := sortKeys[field]
	if !ok {
		fields := slices.Sorted(maps.Keys(sortKeys))
		p := badField("sort", "%.60q is none of %s, with or without a - in front", name, strings.Join(fields, ", "))
		p.Allowed = fields
		return order{}, p
	}
	return order{name: name, descending: descending, key: key}, nil
}

// cursor says where a page ended: the key and the id of its last row, and by which order.
// It is opaque to clients, but no secret.
type cursor struct {
	Order  string `json:"o"`
	Number int64  `json:"n,omitempty"`
	Text   string `json:"t,omitempty"`
	ID     uint64 `json:"i"`
}

func (c cursor) key() sortKey { return sortKey{c.Number, c.Text} }

func (o order) cursorAt(r row) string {
	encoded, _ := json.Marshal(cursor{o.name, r.key.number, r.key.text, r.connection.Cookie}) // can't fail
	return base64.RawURLEncoding.EncodeToString(encoded)
}

func readCursor(q query, o order) (*cursor, error) {
	text, given := q["cursor"]
	if !given {
		return nil, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	decoder := json.NewDecoder(bytes.NewReader(decoded))
	decoder.DisallowUnknownFields()
	var c cursor
	if err != nil || decoder.Decode(&c) != nil || decoder.More() {
		return nil, badField("cursor", "%.60q is none; take the one that came as next", text)
	}
	if c.Order != o.name {
		return nil, badField("cursor", "belongs to sort=%.60s, not to sort=%s", c.Order, o.name)
	}
	return &c, nil
}
