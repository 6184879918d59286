package storetest

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func testServers(h *house) {
	t := h.t
	if h.alpha.ID == "" || h.alpha.Num == 0 || h.alpha.Tenant != acme || h.alpha.Slug != "alpha" {
		t.Fatalf("a new server got no identity: %+v", h.alpha)
	}
	if h.alpha.ID == h.beta.ID || h.alpha.Num == h.beta.Num || h.alpha.ID == h.theirs.ID || h.alpha.Num == h.theirs.Num {
		t.Errorf("two servers share an identity: %+v, %+v, %+v", h.alpha, h.beta, h.theirs)
	}
	secret := uptime.Server{Slug: "beta", Name: "Renamed", Profile: uptime.Profile{Credential: &uptime.Credential{Token: "tok"}}}
	got := must[[]uptime.Server](t)(h.SyncServers(t.Context(), acme, []uptime.Server{{Slug: "gamma"}, secret}))
	want := secret
	want.Tenant, want.ID, want.Num = acme, h.beta.ID, h.beta.Num
	same(t, "a known server among new ones", got[1], want)

	again := h.sync(t, acme, "alpha")
	same(t, "a server that comes back", again[0], h.alpha)
	same(t, "the servers of the other tenant", h.sync(t, other, "alpha")[0], h.theirs)
}

func testServersRefused(h *house) {
	t := h.t
	for name, servers := range map[string][]uptime.Server{
		"no slug":          {{Name: "x"}},
		"the same slug":    {{Slug: "x"}, {Slug: "x"}},
		"another's tenant": {{Slug: "x", Tenant: other}},
	} {
		_, err := h.SyncServers(t.Context(), acme, servers)
		wantError(t, name, err, uptime.ErrInvalid)
	}
	_, err := h.SyncServers(t.Context(), "", []uptime.Server{{Slug: "x"}})
	wantError(t, "no tenant", err, uptime.ErrInvalid)
	same(t, "the servers after that", h.sync(t, acme, "alpha")[0], h.alpha)
}

func testNumbers(h *house) {
	t := h.t
	last := h.sync(t, acme, "alpha", "beta", "gamma")[2]
	noError(t, h.Erase(t.Context(), acme, last.ID))
	again := h.sync(t, acme, "alpha", "gamma")[1]
	if again.Num <= last.Num || again.ID == last.ID {
		t.Errorf("after the erasure of %d %s its successor is %d %s", last.Num, last.ID, again.Num, again.ID)
	}
	got := map[uint32]uptime.ServerID{}
	noError(t, h.Numbers(t.Context(), func(num uint32, _ uptime.TenantID, server uptime.ServerID) error {
		got[num] = server
		return nil
	}))
	if len(got) != 5 || got[h.beta.Num] != h.beta.ID || got[again.Num] != again.ID || got[last.Num] != "" {
		t.Errorf("numbers of monitored and retired servers: %v", got)
	}
}

func testWindows(h *house) {
	t := h.t
	window := func(id string, fromAgo, toAgo int) uptime.Window {
		return uptime.Window{ID: id, Tenant: acme, Name: "Work " + id, Text: "New disks.", Servers: []string{"alpha"}, Groups: []string{"core"}, From: at(fromAgo), To: at(toAgo)}
	}
	past, now, later := window("c", 100, 50), window("b", 10, -10), window("a", -60, -90)
	later.Servers, later.Groups = nil, nil
	noError(t, h.SyncWindows(t.Context(), acme, []uptime.Window{later, now, past}))
	read := func(tenant uptime.TenantID, fromAgo, toAgo int) []uptime.Window {
		return must[[]uptime.Window](t)(h.Windows(t.Context(), tenant, at(fromAgo), at(toAgo)))
	}
	same(t, "all windows", read(acme, 1000, -1000), []uptime.Window{past, now, later})
	same(t, "windows that touch", read(acme, 50, -60), []uptime.Window{now})
	same(t, "the other tenant's windows", read(other, 1000, -1000), []uptime.Window{})

	now.Name = "Longer work"
	noError(t, h.SyncWindows(t.Context(), acme, []uptime.Window{now}))
	same(t, "windows after a change", read(acme, 1000, -1000), []uptime.Window{now})

	for name, wrong := range map[string][]uptime.Window{
		"ends before it begins": {window("x", 1, 2)},
		"no id":                 {window("", 2, 1)},
		"twice the same id":     {window("x", 2, 1), window("x", 4, 3)},
		"another's":             {{ID: "x", Tenant: other, From: at(2), To: at(1)}},
	} {
		wantError(t, name, h.SyncWindows(t.Context(), acme, wrong), uptime.ErrInvalid)
	}
	same(t, "windows after refusals", read(acme, 1000, -1000), []uptime.Window{now})
}

func testHostile(h *house) {
	t := h.t
	text := "Robert'); DROP TABLE servers;--\x00\x1b[31m\u202e<script>\U0001f480%_"
	sv := must[[]uptime.Server](t)(h.SyncServers(t.Context(), acme, []uptime.Server{{Slug: text, Name: text}}))[0]
	i := incident(sv, 10)
	i.Regions, i.Note, i.Failure.Detail = []string{text, "]"}, text, text
	noError(t, h.Record(t.Context(), uptime.Changes{Incidents: []uptime.Incident{i}}))
	got, _, _, err := h.Incident(t.Context(), acme, i.ID)
	noError(t, err)
	same(t, "the incident", got, i)
	day := packedDay(sv, today(), 1)
	day.Regions[0].Region = text
	noError(t, h.CloseDay(t.Context(), today(), []uptime.PackedDay{day}, nil))
	same(t, "the day", must[[]uptime.PackedDay](t)(h.PackedDays(t.Context(), acme, sv.ID, today(), today())), []uptime.PackedDay{day})
	same(t, "the slug", must[[]uptime.Server](t)(h.SyncServers(t.Context(), acme, []uptime.Server{{Slug: text}}))[0].ID, sv.ID)
	window := uptime.Window{ID: text, Tenant: acme, Servers: []string{text}, From: at(1), To: at(0)}
	noError(t, h.SyncWindows(t.Context(), acme, []uptime.Window{window}))
	same(t, "the window", must[[]uptime.Window](t)(h.Windows(t.Context(), acme, at(2), at(-2))), []uptime.Window{window})
	noError(t, h.Erase(t.Context(), acme, sv.ID))
	same(t, "the window of an erased server", must[[]uptime.Window](t)(h.Windows(t.Context(), acme, time.Unix(0, 0), at(-2))), []uptime.Window{})
}
