package mcpwire

// Limits bound what one peer may make us read. The zero value means the
// defaults.
type Limits struct {
	Body    int // bytes of one body, decoded; default 8 MiB
	Header  int // bytes of one message head; default 64 KiB
	Fields  int // header fields in one head; default 256
	Events  int // events read while waiting for one answer; default 10,000
	Interim int // 1xx answers before the final one; default 8
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.Body, 8<<20)
	set(&l.Header, 64<<10)
	set(&l.Fields, 256)
	set(&l.Events, 10_000)
	set(&l.Interim, 8)
	return l
}
