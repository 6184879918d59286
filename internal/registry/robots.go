package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// robots is what a site's robots.txt says to us (RFC 9309).
type robots struct {
	rules []robotsRule
	// delay is what it asks for between two requests, at most a minute.
	delay time.Duration
}

type robotsRule struct {
	allow bool
	path  string
}

// ourName is by which robots.txt may call us.
const ourName = "alivemcp"

// readRobots reads the robots.txt of a site. A site that has none allows
// everything; one that cannot say allows nothing.
func readRobots(ctx context.Context, f *Fetcher, base string) (robots, error) {
	body, _, err := f.Again(ctx, base+"/robots.txt", nil)
	if status := (*StatusError)(nil); errors.As(err, &status) && status.Status >= 400 && status.Status < 500 && status.Status != http.StatusTooManyRequests {
		return robots{}, nil
	}
	if err != nil {
		return robots{}, fmt.Errorf("its robots.txt: %w", err)
	}
	return parseRobots(string(body)), nil
}

// parseRobots takes the groups that name us, or else those for everyone.
func parseRobots(text string) robots {
	const most = 500 << 10 // RFC 9309 §2.5
	var ours, all robots
	var named, everyone, inRules, found bool
	for line := range strings.Lines(text[:min(len(text), most)]) {
		line, _, _ = strings.Cut(line, "#")
		key, value, _ := strings.Cut(line, ":")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		if key == "user-agent" {
			if inRules {
				named, everyone, inRules = false, false, false
			}
			named = named || strings.EqualFold(value, ourName)
			everyone = everyone || value == "*"
			found = found || named
			continue
		}
		inRules = inRules || key == "allow" || key == "disallow"
		if named {
			ours.add(key, value)
		}
		if everyone {
			all.add(key, value)
		}
	}
	if found {
		return ours
	}
	return all
}

func (r *robots) add(key, value string) {
	switch key {
	case "allow", "disallow":
		if value != "" && len(value) <= 2000 && len(r.rules) < 1000 {
			r.rules = append(r.rules, robotsRule{allow: key == "allow", path: value})
		}
	case "crawl-delay":
		if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 {
			r.delay = time.Duration(min(seconds, 60) * float64(time.Second))
		}
	}
}

// allows reports whether a path, with its query, may be read: the longest rule
// that matches counts, and of two the one that allows.
func (r *robots) allows(path string) bool {
	allowed, longest := true, -1
	for _, rule := range r.rules {
		if n := len(rule.path); (n > longest || n == longest && rule.allow) && rule.matches(path) {
			allowed, longest = rule.allow, n
		}
	}
	return allowed
}

// matches reads * as any characters and $ at the end as the end (RFC 9309 §2.2.3).
func (r *robotsRule) matches(path string) bool {
	text, whole := strings.CutSuffix(r.path, "$")
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, ".*")
	if whole {
		pattern += "$"
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(path)
}
