package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

type incidentShape struct {
	ID       string    `json:"id"`
	Server   string    `json:"server"`
	Name     string    `json:"server_name"`
	Open     bool      `json:"open"`
	Opened   time.Time `json:"opened_at"`
	Detected time.Time `json:"detected_at"`
	// Recovered and Closed are null while it lasts.
	Recovered *time.Time `json:"recovered_at"`
	Closed    *time.Time `json:"closed_at"`
	Detect    *int64     `json:"seconds_to_detect"`
	Recover   *int64     `json:"seconds_to_recover"`
	Reason    string     `json:"failure_reason"`
	Cause     string     `json:"cause"`
	Because   string     `json:"because"`
	Step      *string    `json:"step"`
	Cities    []string   `json:"cities"`
	Note      *string    `json:"note"`
	Demo      bool       `json:"demo"`
}

// names returns slug and name of a server; empty when it is gone.
func (a *API) names(s uptime.ServerID) (slug, name string) {
	if row, ok := a.Source.RowOf(a.Tenant, s); ok {
		return row.Slug, row.Name
	}
	return "", ""
}

func (a *API) incidentOf(i *uptime.Incident) incidentShape {
	slug, name := a.names(i.Server)
	return incidentShape{
		ID: string(i.ID), Server: slug, Name: name, Open: i.Open(), Opened: i.Opened.UTC(), Detected: i.Detected.UTC(),
		Recovered: when(i.Recovered), Closed: when(i.Closed),
		Detect:  seconds(i.Detected.Sub(i.Opened), !i.Detected.IsZero()),
		Recover: seconds(i.Recovered.Sub(i.Opened), !i.Recovered.IsZero()),
		Reason:  string(i.Failure.Reason()), Cause: string(i.Failure.Cause), Because: board.CausePhrase(i.Failure.Cause),
		Step: word(string(i.Failure.Step)), Cities: a.cities(i.Regions), Note: word(i.Note), Demo: i.Demo,
	}
}

// page is the answer to a list: what is on it, and where the next begins.
type page struct {
	Incidents *[]incidentShape `json:"incidents,omitempty"`
	Drifts    *[]driftShape    `json:"drifts,omitempty"`
	Next      *string          `json:"next"`
}

// slice is the part of a list that is asked for.
type slice struct {
	server uptime.ServerID
	open   bool
	limit  int
	place
}

// slice reads what all lists of records have in common: the server of the path
// or of the parameter, open, limit and cursor.
func (a *API) slice(r *http.Request) (slice, error) {
	names := []string{"open", "limit", "cursor"}
	slug := r.PathValue("slug")
	if slug == "" {
		names = append(names, "server")
	}
	p := readParams(r, names...)
	s := slice{open: p.flag("open"), limit: p.limit(200), place: p.place(question(r.URL.Path, p.values))}
	if p.err != nil {
		return slice{}, p.err
	}
	if slug = cmp.Or(slug, p.text("server")); slug != "" {
		row, ok := a.Source.Row(a.Tenant, slug)
		if !ok {
			return slice{}, unknown(uptime.ErrNotFound, "server", slug)
		}
		s.server = row.Server
	}
	return s, nil
}

// cut returns a page of a list that was read one longer than the page, and the
// place after it; nil at the end. The key is what the list is ordered by.
func cut[T any](s *slice, list []T, key func(*T) (at time.Time, id string)) (page []T, next *string) {
	if len(list) <= s.limit {
		return list, nil
	}
	at, id := key(&list[s.limit-1])
	return list[:s.limit], word(place{Of: s.Of, At: at, ID: id}.String())
}

func (a *API) listIncidents(w http.ResponseWriter, r *http.Request) error {
	s, err := a.slice(r)
	if err != nil {
		return err
	}
	list, err := a.Source.Incidents(r.Context(), a.Tenant, uptime.IncidentQuery{
		Server: s.server, Open: s.open, Before: s.At, BeforeID: uptime.IncidentID(s.ID), Limit: s.limit + 1,
	})
	if err != nil {
		return err
	}
	list, next := cut(&s, list, func(one *uptime.Incident) (time.Time, string) { return one.Opened, string(one.ID) })
	out := make([]incidentShape, 0, len(list))
	for i := range list {
		out = append(out, a.incidentOf(&list[i]))
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, page{Incidents: &out, Next: next})
}

func (a *API) listDrifts(w http.ResponseWriter, r *http.Request) error {
	s, err := a.slice(r)
	if err != nil {
		return err
	}
	list, err := a.Source.Drifts(r.Context(), a.Tenant, uptime.DriftQuery{
		Server: s.server, Open: s.open, Before: s.At, BeforeID: uptime.DriftID(s.ID), Limit: s.limit + 1,
	})
	if err != nil {
		return err
	}
	list, next := cut(&s, list, func(one *uptime.Drift) (time.Time, string) { return one.Detected, string(one.ID) })
	out := make([]driftShape, 0, len(list))
	for i := range list {
		out = append(out, a.driftOf(&list[i]))
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, page{Drifts: &out, Next: next})
}

type incidentDetail struct {
	incidentShape
	Events   []eventShape    `json:"events"`
	Evidence []evidenceShape `json:"evidence"`
}

type eventShape struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Cause   *string   `json:"cause"`
	Cities  []string  `json:"cities"`
	Text    string    `json:"text"`
	Written bool      `json:"by_operator"`
}

type evidenceShape struct {
	City       string          `json:"city"`
	At         time.Time       `json:"at"`
	Cause      *string         `json:"cause"`
	Detail     *string         `json:"detail"`
	Steps      []stepShape     `json:"steps"`
	Transcript []exchangeShape `json:"transcript"`
}

type stepShape struct {
	Name   string  `json:"name"`
	Status string  `json:"status"`
	Millis float64 `json:"ms"`
	Detail string  `json:"detail"`
}

type exchangeShape struct {
	At       float64 `json:"at_ms"`
	Took     float64 `json:"took_ms"`
	Request  string  `json:"request"`
	Response string  `json:"response"`
}

func (a *API) incident(w http.ResponseWriter, r *http.Request) error {
	if p := readParams(r); p.err != nil {
		return p.err
	}
	id := r.PathValue("id")
	v, err := a.Source.Incident(r.Context(), a.Tenant, uptime.IncidentID(id))
	if err != nil {
		return unknown(err, "incident", id)
	}
	out := incidentDetail{incidentShape: a.incidentOf(&v.Incident), Events: []eventShape{}, Evidence: []evidenceShape{}}
	for i := range v.Events {
		e := &v.Events[i]
		out.Events = append(out.Events, eventShape{e.At.UTC(), string(e.Kind), word(string(e.Cause)), a.cities(e.Regions), e.Text, e.By != ""})
	}
	for i := range v.Evidence {
		out.Evidence = append(out.Evidence, a.evidenceOf(&v.Evidence[i]))
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, out)
}

func (a *API) evidenceOf(e *uptime.Evidence) evidenceShape {
	out := evidenceShape{City: a.City(e.Region), At: e.Result.Started.UTC(), Steps: []stepShape{}, Transcript: []exchangeShape{}}
	if f := e.Result.Failure; f != nil {
		out.Cause, out.Detail = word(string(f.Cause)), word(public.Detail(*f))
	}
	for _, s := range e.Result.Steps {
		out.Steps = append(out.Steps, stepShape{string(s.Name), string(s.Status), tenths(s.Took), public.Text(s.Detail)})
	}
	for _, x := range e.Result.Transcript {
		x = public.Exchange(x)
		out.Transcript = append(out.Transcript, exchangeShape{tenths(x.At), tenths(x.Took), x.Request, x.Response})
	}
	return out
}

// tenths is a duration in milliseconds with one decimal.
func tenths(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)/(100*time.Microsecond)) / 10
}

type driftShape struct {
	ID       string     `json:"id"`
	Server   string     `json:"server"`
	Name     string     `json:"server_name"`
	Open     bool       `json:"open"`
	Class    string     `json:"class"`
	Meaning  string     `json:"meaning"`
	Summary  string     `json:"summary"`
	Changes  int        `json:"changes"`
	From     string     `json:"from_hash"`
	To       string     `json:"to_hash"`
	Cities   []string   `json:"cities"`
	Detected time.Time  `json:"detected_at"`
	Reverted *time.Time `json:"reverted_at"`
	Accepted *time.Time `json:"accepted_at"`
	Note     *string    `json:"note"`
	Demo     bool       `json:"demo"`
}

func (a *API) driftOf(d *uptime.Drift) driftShape {
	slug, name := a.names(d.Server)
	return driftShape{
		ID: string(d.ID), Server: slug, Name: name, Open: d.Open(), Class: d.Class.String(), Meaning: board.DriftPhrase(d.Class),
		Summary: d.Summary, Changes: d.Changes, From: d.From, To: d.To, Cities: a.cities(d.Regions), Detected: d.Detected.UTC(),
		Reverted: when(d.Reverted), Accepted: when(d.Accepted), Note: word(d.Note), Demo: d.Demo,
	}
}

type driftDetail struct {
	driftShape
	Before snapshotShape `json:"before"`
	After  snapshotShape `json:"after"`
}

func (a *API) drift(w http.ResponseWriter, r *http.Request) error {
	if p := readParams(r); p.err != nil {
		return p.err
	}
	id := r.PathValue("id")
	v, err := a.Source.Drift(r.Context(), a.Tenant, uptime.DriftID(id))
	if err != nil {
		return unknown(err, "drift", id)
	}
	out := driftDetail{a.driftOf(&v.Drift), snapshotOf(&v.Before), snapshotOf(&v.After)}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, out)
}

// contractShape is what is known of a contract without reading it.
type contractShape struct {
	Hash         string `json:"hash"`
	ContractHash string `json:"contract_hash"`
	Tools        int    `json:"tools"`
	Bytes        int    `json:"bytes"`
	Tokens       int    `json:"tokens"`
}

// snapshotShape is a contract with the tools themselves: null when they are not
// kept any more.
type snapshotShape struct {
	contractShape
	Snapshot json.RawMessage `json:"snapshot"`
}

func contractOf(c *uptime.Contract) contractShape {
	return contractShape{c.Hash, c.ContractHash, c.Tools, c.Bytes, c.Tokens}
}

func snapshotOf(c *uptime.Contract) snapshotShape {
	out := snapshotShape{contractShape: contractOf(c)}
	if json.Valid(c.Snapshot) {
		out.Snapshot = c.Snapshot
	}
	return out
}

// maxHashes is how many drifts are looked through for a contract's hash.
const maxHashes = 500

func (a *API) contract(w http.ResponseWriter, r *http.Request) error {
	p := readParams(r, "hash")
	if p.err != nil {
		return p.err
	}
	row, err := a.row(r)
	if err != nil {
		return err
	}
	hash, cache := cmp.Or(p.text("hash"), row.ToolsHash), cacheState
	if hash == "" {
		return &web.Fault{Status: http.StatusNotFound, Detail: fmt.Sprintf("the tools of %q were never listed", row.Slug)}
	}
	if p.text("hash") != "" {
		cache = web.CacheForever // a hash names one content
	}
	if err := a.belongs(r, row, hash); err != nil {
		return err
	}
	c, err := a.Source.Contract(r.Context(), a.Tenant, hash)
	if err != nil {
		return unknown(err, "contract", hash)
	}
	return web.SendJSON(w, r, web.Content{Cache: cache}, snapshotOf(&c))
}

// belongs returns an error unless the server has shown this contract: contracts
// are kept once for all servers, hidden ones too.
func (a *API) belongs(r *http.Request, row *board.Row, hash string) error {
	if hash == row.ToolsHash {
		return nil
	}
	drifts, err := a.Source.Drifts(r.Context(), a.Tenant, uptime.DriftQuery{Server: row.Server, Limit: maxHashes})
	if err != nil {
		return err
	}
	for i := range drifts {
		if drifts[i].From == hash || drifts[i].To == hash {
			return nil
		}
	}
	return unknown(uptime.ErrNotFound, "contract", hash)
}

type windowsShape struct {
	Windows []windowShape `json:"windows"`
}

func (a *API) windows(w http.ResponseWriter, r *http.Request) error {
	if p := readParams(r); p.err != nil {
		return p.err
	}
	out := windowsShape{Windows: []windowShape{}}
	for _, one := range a.Source.Planned(a.Tenant) {
		out.Windows = append(out.Windows, windowOf(&one))
	}
	return web.SendJSON(w, r, web.Content{Cache: cacheState}, out)
}
