package probe_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A recording in testdata/wire is what a real server answered to curl: sections
// that begin with "######## NAME title", the command behind "# curl", and the
// answer as curl -i prints it, which is the bytes of the wire without chunks.

// recording is one file, taken apart.
type recording struct {
	target   string // the URL that was recorded
	sections []section
}

// section is one recorded exchange.
type section struct {
	name    string
	request request
	head    string // status line and fields with CRLF, without the empty line
	body    []byte
	gone    bool // nobody answered
}

// request is what a request is recognised by.
type request struct {
	method, path, rpc, version, cursor string
	session, auth                      bool
	id                                 string // raw; of the recorded request
}

func readRecording(t *testing.T, name string) recording {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "wire", name))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(raw), "\n######## ")
	r := recording{target: firstURL(parts[0])}
	for _, part := range parts[1:] {
		s := readSection(part)
		if r.target == "" {
			r.target = firstURL(part)
		}
		if s.name == "S6" { // its command was not written down; its title says what it was
			u, _ := url.Parse(r.target)
			s.request = request{method: "POST", path: u.RequestURI(), rpc: "initialize"}
		}
		r.sections = append(r.sections, s)
	}
	return r
}

func firstURL(text string) string {
	return regexp.MustCompile(`http://[0-9.]+:[0-9]+[^\s']*`).FindString(text)
}

func readSection(part string) section {
	title, rest, _ := strings.Cut(part, "\n")
	s := section{name: strings.Fields(title)[0]}
	if command, after, ok := strings.Cut(rest, "\n"); ok && strings.HasPrefix(command, "# curl") {
		s.request, rest = readCommand(command), after
	}
	if !strings.HasPrefix(rest, "HTTP/") {
		s.gone = true
		return s
	}
	s.head, s.body = splitAnswer(rest)
	return s
}

// readCommand reads a curl command; it was written down in three styles of
// quoting, and nothing that matters needs one.
func readCommand(line string) request {
	line = strings.NewReplacer(`\`, "", "'", "").Replace(line)
	r := request{method: "GET"}
	if m := regexp.MustCompile(` -X ([A-Z]+)`).FindStringSubmatch(line); m != nil {
		r.method = m[1]
	} else if strings.Contains(line, " -I ") {
		r.method = "HEAD"
	}
	if m := regexp.MustCompile(`"method":"([^"]+)"`).FindStringSubmatch(line); m != nil {
		r.rpc = m[1]
	}
	if m := regexp.MustCompile(`MCP-Protocol-Version: (\S+)`).FindStringSubmatch(line); m != nil {
		r.version = m[1]
	}
	if m := regexp.MustCompile(`"id":("[^"]*"|[0-9]+)`).FindStringSubmatch(line); m != nil {
		r.id = m[1]
	}
	if m := regexp.MustCompile(`"cursor":"([^"]+)"`).FindStringSubmatch(line); m != nil {
		r.cursor = m[1]
	}
	r.session = strings.Contains(line, "Mcp-Session-Id:")
	r.auth = strings.Contains(line, "Authorization:")
	fields := strings.Fields(line)
	if u, err := url.Parse(fields[len(fields)-1]); err == nil {
		r.path = u.RequestURI()
	}
	return r
}

// splitAnswer returns head and body. What the recorder wrote behind the body is
// left out: by Content-Length when there is one, else by its form.
func splitAnswer(text string) (string, []byte) {
	text = strings.ReplaceAll(text, "\r\n", "\n") // some recordings have lost their CRs
	head, body, _ := strings.Cut(text, "\n\n")
	body, _, cut := strings.Cut(body, "\n# [curl exit")
	if !cut {
		body = strings.TrimSuffix(body, "\n")
	}
	if m := regexp.MustCompile(`(?im)^content-length: ([0-9]+)$`).FindStringSubmatch(head); m != nil {
		n, _ := strconv.Atoi(m[1])
		body = body[:min(n, len(body))]
	}
	return strings.ReplaceAll(head, "\n", "\r\n"), []byte(body)
}

// replay answers like a recording.
type replay struct {
	rec recording

	mu    sync.Mutex
	used  map[string]bool // sections
	asked []string
}

func newReplay(rec recording) *replay { return &replay{rec: rec, used: map[string]bool{}} }

// serve answers the requests of one connection.
func (p *replay) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		got := recognise(req, body)
		p.note(got)
		if p.streams(got) {
			p.serveStream(c)
			return
		}
		if !p.answer(c, got) {
			return
		}
	}
}

// note keeps what was asked for: the method of MCP, or else of HTTP and, away from
// the endpoint, the path.
func (p *replay) note(got request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	word := got.rpc
	if word == "" {
		word = got.method
	}
	if strings.HasPrefix(got.path, "/.well-known/") {
		word += " " + got.path
	}
	p.asked = append(p.asked, word)
}

func recognise(req *http.Request, body []byte) request {
	var m struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			Cursor string `json:"cursor"`
		} `json:"params"`
	}
	_ = json.Unmarshal(body, &m)
	return request{
		method: req.Method, path: req.URL.RequestURI(), rpc: m.Method, id: string(m.ID), cursor: m.Params.Cursor,
		version: req.Header.Get("Mcp-Protocol-Version"),
		session: req.Header.Get("Mcp-Session-Id") != "", auth: req.Header.Get("Authorization") != "",
	}
}

// find returns the first section that answered such a request; the second time
// the one that recorded a repetition, whose name ends in an apostrophe. Over
// HTTP+SSE the recorder sent no revision, as clients of 2024-11-05 do.
func (p *replay) find(got request) (section, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got.id = ""
	for _, s := range p.rec.sections {
		want := s.request
		want.id = ""
		if s.name[0] == 'S' {
			want.version = got.version
		}
		again := p.used[s.name] && slices.ContainsFunc(p.rec.sections, func(o section) bool { return o.name == s.name+"'" })
		if want == got && !again {
			p.used[s.name] = true
			return s, true
		}
	}
	return section{}, false
}

// answer writes what was recorded; it reports whether the connection goes on.
func (p *replay) answer(c net.Conn, got request) bool {
	s, ok := p.find(got)
	if !ok {
		_, err := io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nnot recorded")
		return err == nil
	}
	if s.gone {
		return false
	}
	_, err := c.Write(s.wire(got.id))
	return err == nil && !strings.Contains(strings.ToLower(s.head), "connection: close")
}

// wire returns the bytes of a section for a request with that id. The id alone
// is rewritten, and filled up with blanks so that every length stays.
func (s section) wire(id string) []byte {
	body := s.body
	if old := s.request.id; old != "" && id != "" && len(old) >= len(id) {
		body = bytes.ReplaceAll(body, []byte(`"id":`+old), fmt.Appendf(nil, `"id":%-*s`, len(old), id))
	}
	out := append([]byte(s.head), "\r\n\r\n"...)
	if !strings.Contains(strings.ToLower(s.head), "transfer-encoding: chunked") {
		return append(out, body...)
	}
	for len(body) > 0 { // in uneven pieces, which do not care for lines and characters
		n := min(len(body), 1+len(body)*5/7)
		out = fmt.Appendf(out, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return append(out, "0\r\n\r\n"...)
}

// streams reports whether a request opens the recorded event stream.
func (p *replay) streams(got request) bool {
	if got.method != "GET" {
		return false
	}
	for _, s := range p.rec.sections {
		if s.name == "S0" && s.request.path == got.path {
			return true
		}
	}
	return false
}

// serveStream sends the recorded stream and leaves it open, as its server did.
func (p *replay) serveStream(c net.Conn) {
	for _, s := range p.rec.sections {
		if s.name == "S0" {
			_, _ = c.Write(bytes.TrimSuffix(s.wire(""), []byte("0\r\n\r\n")))
		}
	}
	_, _ = c.Read(make([]byte, 1)) // until the client hangs up
}
