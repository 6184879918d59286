module github.com/alivemcp/alivemcp

go 1.26

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/theory/jsonpath v0.10.1 // indirect
	pgregory.net/rapid v1.3.0 // indirect
)
