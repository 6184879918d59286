module github.com/alivemcp/alivemcp

go 1.26

require (
	github.com/google/go-cmp v0.7.0
	github.com/theory/jsonpath v0.10.1
	pgregory.net/rapid v1.3.0
)
