package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
)

// A serverList is the servers of one file.
type serverList struct {
	file  string
	field string
	node  *node
}

// serverLists returns the list of the first file, and those of the files that
// servers_from names.
func (d *decoder) serverLists(root *node) []serverList {
	var lists []serverList
	if m := root.member("servers"); m != nil && m.value.kind != kindNull {
		lists = append(lists, serverList{d.name, "servers", m.value})
	}
	for i, pattern := range d.f.ServersFrom {
		at := d.places[&d.f.ServersFrom[i]]
		for _, name := range d.matches(pattern, at) {
			if list, ok := d.include(name, at); ok {
				lists = append(lists, list)
			}
		}
	}
	return lists
}

// matches returns the files that a pattern means.
func (d *decoder) matches(pattern string, at place) []string {
	d.f.patterns = append(d.f.patterns, d.path(pattern))
	names, err := filepath.Glob(d.path(pattern))
	switch {
	case err != nil:
		d.add(at, SeverityError, "this is no pattern of files; write one such as servers/*.yaml")
	case len(names) == 0 && !strings.ContainsAny(pattern, "*?["):
		d.add(at, SeverityError, "there is no such file")
	case len(names) == 0:
		d.add(at, SeverityWarn, "no file matches this pattern")
	case len(d.f.sources)+len(names) > maxIncludes:
		d.add(at, SeverityError, "there are %d such files, the most is %d", len(names), maxIncludes)
		return nil
	}
	return names
}

// include reads one file of servers: a list, or a mapping with nothing but
// servers in it.
func (d *decoder) include(name string, at place) (serverList, bool) {
	d.source(name)
	data, err := readBounded(name, maxFile)
	if err != nil {
		d.add(at, SeverityError, "%s: %v", filepath.Base(name), err)
		return serverList{}, false
	}
	first := d.name
	d.name = name
	defer func() { d.name = first }()
	root, ok := d.parse(data)
	if !ok {
		return serverList{}, false
	}
	if m := root.onlyServers(); m != nil {
		return serverList{name, "servers", m}, true
	}
	return serverList{name, "", root}, root != nil && root.kind != kindNull
}

func (n *node) onlyServers() *node {
	if n == nil || len(n.members) != 1 || n.members[0].key != "servers" {
		return nil
	}
	return n.members[0].value
}

// servers reads all lists into one.
func (d *decoder) servers(lists []serverList) {
	total := 0
	for _, l := range lists {
		total += len(l.node.items)
	}
	if total > maxServers {
		d.add(place{file: d.name}, SeverityError, "there are %d servers, the most is %d", total, maxServers)
		return
	}
	d.f.Servers = make([]Server, total)
	next, first := 0, d.name
	for _, l := range lists {
		d.name = l.file
		if !l.node.is(kindList) {
			d.add(d.placeOf(l.node, l.field), SeverityError, "here must be a list of servers, such as - url: https://example.com/mcp")
		}
		for i, item := range l.node.items {
			s := &d.f.Servers[next]
			s.Settings = d.f.Defaults
			d.value(item, reflect.ValueOf(s).Elem(), "", d.placeOf(item, fmt.Sprintf("%s[%d]", l.field, i)))
			next++
		}
	}
	d.name = first
}

// path is where a file of the configuration is: what is relative begins at the
// folder of the first file.
func (d *decoder) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.dir, name)
}
