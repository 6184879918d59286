package mcpwire

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Message is one JSON-RPC 2.0 message. The raw parts alias what was parsed.
type Message struct {
	ID     []byte // raw; nil when the member is absent
	Method string
	Params []byte
	Result []byte
	Error  *RPCError
}

// RPCError is the error member of a JSON-RPC answer.
type RPCError struct {
	Code    int64
	Message string
	Data    json.RawMessage
}

// IsResponse reports whether m answers a request.
func (m Message) IsResponse() bool { return m.Result != nil || m.Error != nil }

// IsRequest reports whether m asks for an answer.
func (m Message) IsRequest() bool { return m.Method != "" && m.ID != nil }

// unaddressed reports whether m is an error about a request that the server
// could not read, so that it does not know the id.
func (m Message) unaddressed() bool {
	return m.Error != nil && (m.ID == nil || string(m.ID) == "null")
}

// ParseMessage reads one JSON-RPC message and holds it to the rules that every
// revision shares: version "2.0", no member twice, and exactly one of method,
// result and error.
func ParseMessage(b []byte) (Message, *Fault) {
	p := envelope{}
	object, err := checkMembers(b, p.member)
	switch m := p.Message; {
	case err != nil:
		return Message{}, fault(BadJSON, "the answer is %s: %s", err, printable(b, 60))
	case !object:
		return Message{}, notObject(b)
	case p.problem != "":
		return m, fault(BadEnvelope, "the answer is no JSON-RPC message: %s", p.problem)
	case p.version != `"2.0"`:
		return m, fault(BadEnvelope, `the answer lacks "jsonrpc": "2.0"`)
	case m.Result != nil && p.hasError:
		return m, fault(BadEnvelope, "the answer has both a result and an error member")
	case m.Method != "" && m.IsResponse():
		return m, fault(BadEnvelope, "the message is request and answer at once")
	case m.Method == "" && !m.IsResponse():
		return m, fault(BadEnvelope, "the answer has neither result nor error")
	default:
		return m, nil
	}
}

func notObject(b []byte) *Fault {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		return fault(BadEnvelope, "the answer is wrapped in an array")
	}
	return fault(BadEnvelope, "the answer is JSON, but no object: %s", printable(b, 60))
}

// envelope collects the members of a message.
type envelope struct {
	Message
	version  string
	hasError bool
	problem  string
	seen     [6]bool
}

// member takes one member.
func (p *envelope) member(key string, value []byte) {
	switch key {
	case "jsonrpc":
		p.version = string(value)
		p.once(0, key)
	case "id":
		p.ID = value
		p.once(1, key)
	case "method":
		p.method(value)
		p.once(2, key)
	case "params":
		p.Params = value
		p.once(3, key)
	case "result":
		p.Result = value
		p.once(4, key)
	case "error":
		p.hasError = true
		p.error(value)
		p.once(5, key)
	}
}

func (p *envelope) once(i int, key string) {
	if p.seen[i] {
		p.problem = "member " + key + " appears twice"
	}
	p.seen[i] = true
}

func (p *envelope) method(value []byte) {
	if err := json.Unmarshal(value, &p.Method); err != nil || p.Method == "" {
		p.problem = "method is not a string"
	}
}

// error reads the error member; the code may be any number, which sloppy
// servers use.
func (p *envelope) error(value []byte) {
	if string(value) == "null" && p.Result != nil {
		return
	}
	var e struct {
		Code    json.Number     `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(value, &e); err != nil || string(value) == "null" {
		p.problem = "error is no object with code and message"
		return
	}
	code, _ := strconv.ParseInt(e.Code.String(), 10, 64)
	p.Error = &RPCError{Code: code, Message: e.Message, Data: e.Data}
}

// sameID reports whether raw is the id that we sent: same type, same value. JSON
// allows to spell an integer as 1.0 or 1e0; servers that do so break clients and
// are told apart.
func sameID(raw []byte, id int) bool {
	return string(raw) == strconv.Itoa(id)
}

// IDs of requests are small integers, assigned by the caller and constant for a
// step, so that an unchanged server gives byte-identical answers.

// encodeRequest makes a request, or a notification when id is negative. Params is
// raw JSON or empty.
func encodeRequest(id int, method string, params []byte) []byte {
	dst := append(make([]byte, 0, 64+len(method)+len(params)), `{"jsonrpc":"2.0"`...)
	if id >= 0 {
		dst = append(dst, `,"id":`...)
		dst = strconv.AppendInt(dst, int64(id), 10)
	}
	dst = append(dst, `,"method":"`...)
	dst = append(dst, method...) // method names are ours: no escaping needed
	dst = append(dst, '"')
	if len(params) > 0 {
		dst = append(dst, `,"params":`...)
		dst = append(dst, params...)
	}
	return append(dst, '}')
}
