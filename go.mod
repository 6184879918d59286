module github.com/alivemcp/alivemcp

go 1.26
