package paging

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// Order sorts connections by one field, and by id where that is equal, so that no two are equal.
type Order struct {
	field
	name       string // as given, with its sign
	descending bool
}

// field is a field by which connections can be sorted.
type field struct {
	key   func(*listen.Connection) sortKey
	fixed bool // never changes while the connection lives, so that there can be pages
}

// sortKey is a field's value: numbers use the one, texts the other. -1 is an unknown number
// and comes before the known ones.
type sortKey struct {
	number int64
	text   string
}

func (o Order) compare(a sortKey, aID uint64, b sortKey, bID uint64) int {
	c := cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.text, b.text))
	c = cmp.Or(c, cmp.Compare(aID, bID))
	if o.descending {
		return -c
	}
	return c
}

func fixedText(read func(*listen.Connection) string) field {
	return field{key: func(c *listen.Connection) sortKey { return sortKey{text: read(c)} }, fixed: true}
}

func movingText(read func(*listen.Connection) string) field {
	return field{key: func(c *listen.Connection) sortKey { return sortKey{text: read(c)} }}
}

func queue(read func(*listen.Connection) uint32) field {
	return field{key: func(c *listen.Connection) sortKey { return sortKey{number: int64(read(c))} }}
}

func ofTCP(read func(*kernel.TCPInfo) int64) field {
	return field{key: func(c *listen.Connection) sortKey {
		if c.TCP == nil {
			return sortKey{number: -1}
		}
		return sortKey{number: read(c.TCP)}
	}}
}

var fields = map[string]field{
	"id":         {key: func(*listen.Connection) sortKey { return sortKey{} }, fixed: true}, // the id decides
	"worker_id":  fixedText(func(c *listen.Connection) string { return c.WorkerID }),
	"listener":   fixedText(func(c *listen.Connection) string { return c.Listener }),
	"remote":     fixedText(func(c *listen.Connection) string { return c.Remote }),
	"local":      fixedText(func(c *listen.Connection) string { return c.Local }),
	"tcp_state":  movingText(func(c *listen.Connection) string { return c.TCPState }),
	"state":      movingText(func(c *listen.Connection) string { return string(c.State()) }),
	"recv_queue": queue(func(c *listen.Connection) uint32 { return c.RecvQueue }),
	"send_queue": queue(func(c *listen.Connection) uint32 { return c.SendQueue }),
	"idle_ms":    ofTCP(func(t *kernel.TCPInfo) int64 { return t.Idle.Milliseconds() }),
	"bytes_in":   ofTCP(func(t *kernel.TCPInfo) int64 { return int64(t.BytesIn) }),
	"bytes_out":  ofTCP(func(t *kernel.TCPInfo) int64 { return int64(t.BytesOut) }),
	"rtt_us":     ofTCP(func(t *kernel.TCPInfo) int64 { return t.RTT.Microseconds() }),
}

// ReadOrder reads the name of a field, with or without a - in front; "" is the default order. It reports whether there is
// such a field.
func ReadOrder(name string) (Order, bool) {
	name = cmp.Or(name, "id")
	text, descending := strings.CutPrefix(name, "-")
	field, ok := fields[text]
	return Order{field: field, name: name, descending: descending}, ok
}

// Field is the name of the field.
func (o Order) Field() string { return strings.TrimPrefix(o.name, "-") }

// HasPages reports whether the field never changes while a connection lives.
func (o Order) HasPages() bool { return o.fixed }

// Fields are the names of the fields that connections can be sorted by.
func Fields() []string { return slices.Sorted(maps.Keys(fields)) }

// FieldsWithPages are the fields whose orders have pages.
func FieldsWithPages() []string {
	return slices.DeleteFunc(Fields(), func(name string) bool { return !fields[name].fixed })
}
