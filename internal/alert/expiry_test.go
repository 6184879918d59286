package alert_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const day = 24 * time.Hour

// certificate seals a verdict that saw when a certificate ends.
func (d *desk) certificate(s *uptime.Server, ends time.Time) {
	d.seal(s, uptime.Live, func(v *uptime.Verdict) {
		v.Reports = []uptime.Report{{Region: "eu", State: uptime.Live, TLSNotAfter: ends}}
	})
}

// TestCertificateByStages: each threshold is told once, also of several servers,
// over hours and restarts.
func TestCertificateByStages(t *testing.T) {
	twin := server("t", "twin", "twin.example.com")
	for _, servers := range [][]*uptime.Server{{weather}, {weather, twin}} {
		t.Run(fmt.Sprint(len(servers)), func(t *testing.T) {
			policy := uptime.Policy{TLS: []time.Duration{180 * time.Minute, 84 * time.Minute, 42 * time.Minute, 18 * time.Minute, 6 * time.Minute}, Sinks: []uptime.Sink{sink("team")}}
			scene(t, policy, servers, func(d *desk) {
				ends := time.Now().Add(4 * time.Hour)
				for look := range 4 * 60 {
					for _, s := range servers {
						d.certificate(s, ends)
					}
					if look%25 == 0 {
						d.restart()
					}
					d.pass(time.Minute)
				}
				if got := d.told("team"); len(got) != 5 {
					t.Errorf("told %d times: %q", len(got), got)
				}
				if n := d.last("team"); !n.Rings {
					t.Error("the last threshold is a change that nobody hears")
				}
			})
		})
	}
}

// TestCertificateComesBack: a renewal that is undone days later is told, though
// the same certificate was told of before.
func TestCertificateComesBack(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		ends := time.Now().Add(10 * day)
		for _, sees := range []time.Time{ends, ends.Add(90 * day), ends} {
			d.certificate(weather, sees)
			d.pass(time.Hour)
			d.certificate(weather, sees)
			d.pass(5 * time.Hour)
		}
		title := "opens Weather has a certificate that ends on 2000-01-11"
		d.wants("team", title, "closes Weather: the certificate was renewed", title)
	})
}

// TestCertificatesOfAFleet: machines behind one name that have different
// certificates, asked in turn, are no renewal each time.
func TestCertificatesOfAFleet(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		ends := time.Now().Add(10 * day)
		for i := range 200 {
			d.certificate(weather, ends.Add(time.Duration(i%3)*90*day))
			d.pass(time.Minute)
		}
		d.wants("team", "opens Weather has a certificate that ends on 2000-01-11")
		for range 20 {
			d.certificate(weather, ends.Add(90*day))
			d.pass(time.Minute)
		}
		if n := d.last("team"); n.Phase != uptime.NoticeCloses {
			t.Errorf("told %q", d.told("team"))
		}
	})
}
