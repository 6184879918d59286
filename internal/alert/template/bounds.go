package template

import (
	"errors"
	"fmt"
	"regexp"
	"text/template"
	"text/template/parse"

	"github.com/alivemcp/alivemcp/internal/alert/post"
)

// What a template may do in one run, besides maxBody. A turn of a loop, a call of
// a template and a function cost a step each, and each KiB that a function writes
// one more.
const (
	maxSteps = 10_000
	maxArgs  = 20
)

var (
	errSteps  = errors.New("the template does too much: its loops and calls take more than 10,000 steps")
	errArgs   = errors.New("a function takes at most 20 values")
	errFormat = errors.New("a format of printf has no *, no [n] and no width of four digits or more")
)

// steps counts down what a run may still do.
type steps struct{ left int }

// take uses up steps.
func (s *steps) take(n int) error {
	if s.left -= n; s.left < 0 {
		return errSteps
	}
	return nil
}

// functions are those that make texts, each of a bounded size. They replace the
// usual ones, with which a few lines can write texts that no memory holds. Step
// stands in each loop and template, and writes nothing.
func (s *steps) functions() template.FuncMap {
	return template.FuncMap{
		"step": func() (string, error) { return "", s.take(1) },
		"json": func(v any) (string, error) {
			b, err := post.Marshal(v)
			if err != nil {
				return "", err
			}
			return s.bounded(string(b))
		},
		"print": s.bound(fmt.Sprint), "println": s.bound(fmt.Sprintln), "html": s.bound(template.HTMLEscaper),
		"js": s.bound(template.JSEscaper), "urlquery": s.bound(template.URLQueryEscaper), "printf": s.printf,
	}
}

func (s *steps) bound(write func(...any) string) func(...any) (string, error) {
	return func(args ...any) (string, error) {
		if len(args) > maxArgs {
			return "", errArgs
		}
		return s.bounded(write(args...))
	}
}

func (s *steps) printf(format string, args ...any) (string, error) {
	if len(args) > maxArgs {
		return "", errArgs
	}
	if regexp.MustCompile(`%[^%a-zA-Z]*([*[]|[0-9]{4})`).MatchString(format) {
		return "", errFormat
	}
	return s.bounded(fmt.Sprintf(format, args...))
}

// bounded lets a text through that a function has written.
func (s *steps) bounded(text string) (string, error) {
	if len(text) > maxBody {
		return "", errBody
	}
	return text, s.take(1 + len(text)>>10)
}

// count has each loop of a template, and each template that it consists of, take
// a step at its beginning: neither is bounded by itself.
func count(t *template.Template) error {
	counter, err := template.New("step").Funcs(new(steps).functions()).Parse("{{step}}")
	if err != nil {
		return fmt.Errorf("reading the counter of steps: %w", err)
	}
	step := counter.Root.Nodes[0]
	for _, part := range t.Templates() {
		countLoops(part.Root, step)
		begin(part.Root, step)
	}
	return nil
}

func countLoops(list *parse.ListNode, step parse.Node) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.IfNode:
			countBoth(&n.BranchNode, step)
		case *parse.WithNode:
			countBoth(&n.BranchNode, step)
		case *parse.RangeNode:
			countBoth(&n.BranchNode, step)
			begin(n.List, step)
		}
	}
}

func countBoth(b *parse.BranchNode, step parse.Node) {
	countLoops(b.List, step)
	countLoops(b.ElseList, step)
}

func begin(list *parse.ListNode, step parse.Node) {
	list.Nodes = append([]parse.Node{step.Copy()}, list.Nodes...)
}
