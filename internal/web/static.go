package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// Static serves files whose names hold a hash of their content, to be kept for
// ever by whoever has them.
type Static struct {
	prefix string
	urls   map[string]string // name -> URL
	files  map[string]Content
}

// NewStatic reads all files of fsys, which are served below prefix (such as
// /static/).
func NewStatic(fsys fs.FS, prefix string) (*Static, error) {
	s := &Static{prefix: prefix, urls: map[string]string{}, files: map[string]Content{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(fsys, name)
		if err == nil {
			s.Add(name, body)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the static files: %w", err)
	}
	return s, nil
}

// Add adds a file. It is for before the first request.
func (s *Static) Add(name string, body []byte) {
	tag, ext := Tag(body), path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + tag[:10] + ext
	s.urls[name] = s.prefix + hashed
	s.files[s.prefix+hashed] = Content{Type: mediaType(ext), Cache: CacheForever, ETag: tag, Body: body}
}

// mediaType does not ask the operating system, whose table differs between
// machines.
func mediaType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webmanifest":
		return "application/manifest+json"
	}
	return "application/octet-stream"
}

// URL returns the address of a file; an error names what was not embedded. It
// is a template function.
func (s *Static) URL(name string) (string, error) {
	url, ok := s.urls[name]
	if !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return url, nil
}

// Serve is a Handler for the files.
func (s *Static) Serve(w http.ResponseWriter, r *http.Request) error {
	c, ok := s.files[r.URL.Path]
	if !ok {
		return &Fault{Status: http.StatusNotFound, Detail: "there is no such file, or no longer"}
	}
	return Send(w, r, c)
}
