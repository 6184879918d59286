//go:build linux

package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// addresses are listed in four forms each.
func addresses(n int) []string {
	out := make([]string, n)
	for i := range out {
		one := fmt.Sprintf("https://s%d.host-%d.workers.dev/v1/mcp", i/4, i/400)
		switch i % 4 {
		case 1:
			one += "/"
		case 2:
			one = strings.Replace(one, "https://s", "https://S", 1)
		case 3:
			one += "?utm_source=registry"
		}
		out[i] = one
	}
	return out
}

// measureNormalise makes endpoints of listings, and parses the same addresses
// without asking what they mean.
func measureNormalise(out *table, n int) error {
	list := addresses(n)
	parse, err := cost(func() error {
		for _, raw := range list {
			if _, err := url.Parse(raw); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.times(fmt.Sprintf("parse %d addresses", n), parse)
	var set endpoint.Set
	c, err := cost(func() error {
		for _, raw := range list {
			set.Add(&uptime.Listing{Source: uptime.SourceOfficial, Key: "k", Name: "n", URL: raw, Transport: "streamable-http"})
		}
		if want := (n + 3) / 4; set.Len() != want {
			return fmt.Errorf("%d listings are %d endpoints, want %d", n, set.Len(), want)
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.times(fmt.Sprintf("make %d endpoints of them", set.Len()), c)
	out.line("  compared with parsing alone", c.over(parse), "")
	out.line("  resident, most, all addresses included", resident(), "")
	return nil
}
