package app_test

import (
	"net/http"
	"testing"
)

// TestProbeOnRequestKnowsItsPlace: whoever can reach /probe is a stranger. It may
// look again at what is looked at anyway, from where it is looked at.
func TestProbeOnRequestKnowsItsPlace(t *testing.T) {
	t.Parallel()
	s, r := newStage(t), newRig(t)
	well, spared := s.door("weather"), s.door("weather")
	r.start(r.file(twoRegions, server("well", well)+", regions: [one]", server("paused", spared)+", paused: true",
		server("hidden", spared)+", hidden: true, interval: 24h", server("guest", spared)+", guest: true, interval: 24h"))
	r.await(aCycle, "the board is ready", func() bool { status, _ := r.get("/status/well"); return status == http.StatusOK })
	for target, want := range map[string]int{
		"well": http.StatusOK, "well&region=one": http.StatusOK, "well&region=two": http.StatusBadRequest,
		"paused": http.StatusBadRequest, "guest": http.StatusBadRequest, "hidden": http.StatusNotFound, "http://127.0.0.1:1/": http.StatusForbidden,
	} {
		if got, body := r.get("/probe?target=" + target); got != want {
			t.Errorf("%s: status %d, want %d: %.200s", target, got, want, body)
		}
	}
}
