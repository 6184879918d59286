package probe

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// compare holds the tools of this attempt against an accepted snapshot.
func (a *attempt) compare(baseline []byte) *uptime.Failure {
	snap, err := drift.ReadSnapshot(bytes.NewReader(baseline))
	if err != nil {
		a.find(findBaselineUnreadable, err.Error())
		return nil
	}
	before, _ := snap.Contract()
	a.known.equals = [sha256.Size]byte{}
	if before.Hash == a.res.Tools.Hash {
		a.known.equals = sha256.Sum256(baseline)
		return nil
	}
	now, _ := drift.Parse(rawMessages(a.res.Tools.Raw), a.hs.version)
	diff := drift.Compare(before, now)
	switch diff.Class() {
	case uptime.DriftBreaking:
		f := fail(uptime.DriftDetected, "the tools broke their contract: %s%s", diff.Changes[0].Message, andMore(diff.Count(uptime.DriftBreaking)-1))
		f.Step = uptime.StepTools
		return f
	case uptime.DriftCompatible, uptime.DriftWording:
		a.find(findDriftHarmless, fmt.Sprintf("%s%s", diff.Changes[0].Message, andMore(len(diff.Changes)-1)))
	case uptime.NoDrift:
	}
	return nil
}

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

func rawMessages(raw [][]byte) []json.RawMessage {
	out := make([]json.RawMessage, len(raw))
	for i, r := range raw {
		out[i] = r
	}
	return out
}
